import { expect, test, vi } from 'vitest';
import { createModel } from './models/index.ts';
import { startOpenAiServer, type Reply } from './testing/openai-server.ts';
import { createStage } from './testing/stage.ts';

// 32 MiB take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const call = (index: number, fields: object, args = '') => ({
  tool_calls: [{ index, ...fields, function: { ...fields, arguments: args } }],
});
const endless = 1_000_000;

test.each<[string, Reply, RegExp]>([
  [
    'endless arguments of a call without a name',
    { kind: 'deltas', count: endless, deltas: () => call(0, {}, 'x'.repeat(100_000)) },
    /^The model’s answer was broken off because its response is larger than/,
  ],
  [
    'ids that grow',
    { kind: 'deltas', count: endless, deltas: (i) => call(i, { id: 'c'.repeat(i * 4000), name: 'w' }, '{}') },
    /an id in it is longer than/,
  ],
  [
    'ids that grow, of calls that never end',
    { kind: 'deltas', count: endless, deltas: (i) => call(i, { id: 'c'.repeat(i * 4000), name: 'w' }, '{') },
    /an id in it is longer than/,
  ],
  [
    'a name without end',
    { kind: 'deltas', count: 2, deltas: () => call(0, { id: 'c', name: 'w'.repeat(1_000_000) }, '{}') },
    /an id in it is longer than/,
  ],
  [
    'calls without end',
    { kind: 'deltas', count: endless, deltas: (i) => call(i, { id: `c${i}`, name: 'w' }, '{}') },
    /it has more than 128 tool calls/,
  ],
  [
    'text and reasoning in turns, without end',
    { kind: 'deltas', count: endless, deltas: (i) => (i % 2 ? { content: '.' } : { reasoning_content: '.' }) },
    /it has more than 1000 parts/,
  ],
])('%s: the run fails, and the next prompt is answered', async (_, reply, sentence) => {
  await using server = await startOpenAiServer(reply, { kind: 'ok', words: ['Still ', 'here.'] });
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
    // Only the bounds end these answers.
    timeouts: { firstChunkMs: 60_000, chunkMs: 60_000, totalMs: 60_000 },
  });
  stage.start();
  await stage.prompt('First?');
  const { state } = await stage.ended(60_000);
  expect(state.messages[1]?.metadata?.run).toMatchObject({
    status: 'failed',
    problem: { code: 'model-failed', retryable: false },
  });
  expect(stage.log.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    expect.stringMatching(sentence),
  ]);
  expect(server.requests).toHaveLength(1);
  await stage.until(() => server.requests[0]?.left.aborted);
  await stage.prompt('Second?');
  const next = await stage.ended();
  expect(stage.textOf(next.state.messages[3])).toBe('Still here.');
});

test('an answer without an end is ended by the total time', async () => {
  await using server = await startOpenAiServer({
    kind: 'deltas',
    count: endless,
    deltas: () => ({ content: '.' }),
    everyMs: 10,
  });
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
    timeouts: { firstChunkMs: 5000, chunkMs: 5000, totalMs: 500 },
  });
  stage.start();
  await stage.prompt('First?');
  const { state } = await stage.ended();
  expect(state.messages[1]?.metadata?.run?.problem?.code).toBe('model-timeout');
});

test.each([301, 302, 307, 308])('a redirect by %i is not followed, and the operator is told', async (status) => {
  await using other = await startOpenAiServer();
  await using server = await startOpenAiServer({
    kind: 'status',
    status,
    headers: { location: `${other.baseUrl}/chat/completions` },
  });
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
  });
  stage.start();
  await stage.prompt('First?');
  const { state } = await stage.ended();
  expect(other.requests).toEqual([]);
  expect(server.requests).toHaveLength(1);
  expect(state.messages[1]?.metadata?.run?.problem).toMatchObject({ code: 'model-failed', retryable: false });
  expect(stage.log.find(({ level }) => level === 'error')?.message).toMatch(/redirects the call .* set MODEL_BASE_URL/);
});
