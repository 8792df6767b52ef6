import { describe, expect, test } from 'vitest';
import { createModel } from './models/index.ts';
import { createGenerateReply } from './generate-reply.ts';
import { createDemoModel } from './models/demo/demo-model.ts';
import { startOpenAiServer, type Reply } from './testing/openai-server.ts';
import { createStage, type StageOptions } from './testing/stage.ts';

/** Timeouts that a busy machine does not reach. */
const PATIENT = { firstChunkMs: 10_000, chunkMs: 10_000, totalMs: 60_000 };
const API_KEY = 'sk-test-1234';

async function answerFrom(replies: Reply[], options: StageOptions = {}) {
  await using server = await startOpenAiServer(...replies);
  const model = createModel({
    MODEL: 'openai-compatible:test-model',
    MODEL_BASE_URL: server.baseUrl,
    MODEL_API_KEY: API_KEY,
  });
  await using stage = createStage({ model, timeouts: PATIENT, ...options });
  stage.start();
  const runId = await stage.prompt('Are you there?');
  const ended = await stage.ended();
  const reply = ended.state.messages.at(-1);
  return { ...ended, runId, reply, text: stage.textOf(reply), log: stage.log, requests: server.requests };
}

type Ended = Awaited<ReturnType<typeof answerFrom>>;

/** Expects one `error` with the terminal message right after it, and nothing of the provider's own words. */
function expectFailure({ messages, terminals, reply }: Ended, problem: object): void {
  expect(messages.filter(({ type }) => type === 'error')).toHaveLength(1);
  expect(messages.at(-2)).toMatchObject({ type: 'error', problem });
  expect(terminals).toEqual([messages.at(-1)]);
  expect(terminals[0]).toMatchObject({ status: 'failed' });
  expect(reply?.metadata?.run).toMatchObject({ status: 'failed', problem });
  for (const part of reply?.parts ?? []) if ('state' in part) expect(part.state).not.toBe('streaming');
  const everything = JSON.stringify(messages);
  expect(everything).not.toContain('secret-detail');
  expect(everything).not.toContain('127.0.0.1');
  expect(messages.some((message) => message.type === 'chunk' && ['error', 'abort'].includes(message.chunk.type))).toBe(
    false,
  );
}

describe('a reply', () => {
  test('of the demo model ends in the log as completed', async () => {
    await using stage = createStage({ model: createDemoModel({ tokensPerSecond: 5000 }) });
    stage.start();
    const runId = await stage.prompt('How do I bake sourdough bread?');
    const { state, messages } = await stage.ended();

    expect(messages.at(-1)).toMatchObject({
      type: 'metadata',
      status: 'completed',
      runId,
      finishReason: 'stop',
      attempt: 1,
    });
    const reply = state.messages.at(-1);
    expect(reply).toMatchObject({ id: runId, role: 'assistant', metadata: { run: { status: 'completed' } } });
    expect(stage.textOf(reply)).toContain('sourdough');
  });

  test('is written as the chunks of the AI SDK between start and finish, with usage and finish reason', async () => {
    const { messages, text, runId, requests } = await answerFrom([{ kind: 'ok', reasoning: ['Hm', 'm.'] }]);
    const chunks = messages.flatMap((message) => (message.type === 'chunk' ? [message.chunk] : []));

    const kinds = chunks.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
    expect(kinds).toEqual([
      'start',
      'start-step',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ]);
    expect(chunks[0]).toEqual({ type: 'start', messageId: runId });
    expect(text).toBe('Hello from the other side.');
    expect(messages.at(-1)).toMatchObject({
      status: 'completed',
      finishReason: 'stop',
      usage: { inputTokens: 7, outputTokens: 5, totalTokens: 12 },
    });
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${API_KEY}`);
    expect(requests[0]?.body).toMatchObject({
      max_tokens: 4096,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('is generated from the system prompt and the conversation so far', async () => {
    await using server = await startOpenAiServer({ kind: 'ok' });
    const model = createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl });
    await using stage = createStage({ model, systemPrompt: 'Be brief.' });
    stage.start();
    await stage.prompt('first');
    await stage.ended();
    await stage.prompt('second');
    await stage.until(() => server.requests.length === 2);

    expect(server.requests[1]?.body.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'Hello from the other side.' },
      { role: 'user', content: 'second' },
    ]);
    expect(server.requests[1]?.headers.authorization).toBeUndefined();
  });

  test('is generated from no more of the conversation than the bounds on history allow', async () => {
    await using server = await startOpenAiServer({ kind: 'ok' });
    const model = createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl });
    await using stage = createStage({ model, history: { maxMessages: 2 } });
    stage.start();
    for (const text of ['first', 'second', 'third']) {
      await stage.prompt(text);
      await stage.ended();
    }
    const sent = server.requests.map(({ body }) => body.messages.map(({ content }) => content));
    expect(sent).toEqual([['first'], ['second'], ['third']]);
  });

  test('that reaches its longest output is completed with the finish reason length', async () => {
    const { terminals } = await answerFrom([{ kind: 'ok', finishReason: 'length' }]);
    expect(terminals[0]).toMatchObject({ status: 'completed', finishReason: 'length' });
  });
});

describe('a model that fails', () => {
  test.each([
    [401, 'MODEL_API_KEY'],
    [403, 'MODEL_API_KEY'],
    [404, 'MODEL_BASE_URL'],
  ])('with status %i is called once, and the operator is told to check %s', async (status, setting) => {
    const ended = await answerFrom([{ kind: 'status', status }]);
    expectFailure(ended, { code: 'model-failed', retryable: false });
    expect(ended.requests).toHaveLength(1);
    expect(ended.text).toBe('');
    const errors = ended.log.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(setting);
    expect(errors[0]?.fields).toMatchObject({ status });
    expect(JSON.stringify(ended.log)).not.toContain(API_KEY);
    expect(JSON.stringify(ended.log)).not.toContain('Are you there');
  });

  test('because its server cannot be reached ends the run, and the operator is told to check MODEL_BASE_URL', async () => {
    const gone = await startOpenAiServer();
    await gone.close();
    const model = createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: gone.baseUrl });
    await using stage = createStage({ model });
    stage.start();
    await stage.prompt('Hello?');
    const { messages, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'failed' }]);
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'model-failed', retryable: true } });
    const errors = stage.log.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([{ fields: { code: 'ECONNREFUSED' } }]);
    expect(errors[0]?.message).toContain('MODEL_BASE_URL');
  });

  test('because another server answers at that address ends the run, and the operator is told to check MODEL_BASE_URL', async () => {
    const ended = await answerFrom([{ kind: 'page' }]);
    expectFailure(ended, { code: 'model-failed', retryable: true });
    const errors = ended.log.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain('MODEL_BASE_URL');
  });

  test('once is called again in the next attempt, and nothing of the first attempt is seen', async () => {
    const { messages, text, requests, terminals } = await answerFrom([
      { kind: 'status', status: 503, headers: { 'retry-after-ms': '10' } },
      { kind: 'ok' },
    ]);
    expect(requests).toHaveLength(2);
    expect(text).toBe('Hello from the other side.');
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 2 }]);
    expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
  });

  test('is not called again before its Retry-After', async () => {
    const startedAt = Date.now();
    const { requests, terminals } = await answerFrom([
      { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
      { kind: 'ok' },
    ]);
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 2 }]);
    expect(requests).toHaveLength(2);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1000);
  });

  test.each([500, 503, 429])('each time with status %i is called once in each of three attempts', async (status) => {
    const ended = await answerFrom([{ kind: 'status', status, headers: { 'retry-after-ms': '10' } }]);
    expectFailure(ended, { code: 'model-failed', retryable: true });
    expect(ended.requests).toHaveLength(3);
  });

  test('before its first output by a broken connection is called again', async () => {
    const { requests, text } = await answerFrom([{ kind: 'cut', words: [] }, { kind: 'ok' }]);
    expect(requests).toHaveLength(2);
    expect(text).toBe('Hello from the other side.');
  });

  test.each<[string, Reply]>([
    ['a broken connection', { kind: 'cut' }],
    ['an answer that ends without a finish', { kind: 'end-early' }],
    ['an error in the stream, though a finish follows', { kind: 'error-part' }],
    ['garbage', { kind: 'garbage' }],
  ])('in the middle of its answer, with %s, ends the run and keeps the partial reply', async (_, reply) => {
    const ended = await answerFrom([reply]);
    expectFailure(ended, { code: 'model-failed', retryable: true });
    expect(ended.requests).toHaveLength(1);
    expect(ended.text).toBe('Hello from the other side.');
  });

  test('with an error before its first output that is not marked as retryable ends the run', async () => {
    const ended = await answerFrom([{ kind: 'error-part', words: [] }]);
    expectFailure(ended, { code: 'model-failed' });
    expect(ended.reply?.parts).toEqual([]);
  });

  test('with an empty answer ends the run', async () => {
    const ended = await answerFrom([{ kind: 'ok', words: [] }]);
    expectFailure(ended, { code: 'model-failed', retryable: true });
    expect(ended.requests).toHaveLength(1);
  });

  test.each<[string, Reply, string, string]>([
    ['before its status line', { kind: 'stall', headers: false }, '', 'first-chunk'],
    ['after its headers', { kind: 'stall' }, '', 'first-chunk'],
    ['after a preamble that names the role', { kind: 'preamble-then-stall' }, '', 'first-chunk'],
    ['after some words', { kind: 'words-then-stall' }, 'Hello from the other side.', '(chunk'],
    ['in the input of a tool call', { kind: 'tool-input-then-stall' }, '', '(chunk'],
  ])('by falling silent %s ends the run as a timeout, and the call is aborted', async (_, reply, text, phase) => {
    const quick = phase === 'first-chunk' ? { firstChunkMs: 500 } : { chunkMs: 500 };
    const ended = await answerFrom([reply], { timeouts: { ...PATIENT, ...quick } });
    expectFailure(ended, { code: 'model-timeout', retryable: true });
    expect(ended.requests).toHaveLength(1);
    expect(ended.text).toBe(text);
    expect(ended.log.find(({ level }) => level === 'error')?.message).toContain(phase);
    expect(ended.requests[0]?.left.aborted).toBe(true);
  });

  test('to finish within the total time ends the run as a timeout', async () => {
    const words = Array.from({ length: 200 }, () => 'word ');
    const ended = await answerFrom([{ kind: 'ok', words, everyMs: 20 }], {
      timeouts: { ...PATIENT, totalMs: 1500 },
    });
    expectFailure(ended, { code: 'model-timeout' });
    expect(ended.text).toMatch(/^(word )+$/);
  });
});

test('a model that answers slowly but steadily is not timed out', async () => {
  const words = Array.from({ length: 30 }, () => 'word ');
  // The whole answer takes longer than the timeout between two words.
  const timeouts = { ...PATIENT, chunkMs: 2000 };
  const { terminals, text } = await answerFrom([{ kind: 'ok', words, everyMs: 80 }], { timeouts });
  expect(terminals).toMatchObject([{ status: 'completed' }]);
  expect(text).toBe(words.join(''));
});

test('an answer ends at [DONE], though the response stays open', async () => {
  const { terminals, text } = await answerFrom([{ kind: 'done-then-stall' }], {
    timeouts: { ...PATIENT, chunkMs: 5000 },
  });
  expect(terminals).toMatchObject([{ status: 'completed', finishReason: 'stop', usage: { totalTokens: 12 } }]);
  expect(text).toBe('Hello from the other side.');
});

test.each([
  ['an object', createDemoModel({ tokensPerSecond: 1 }), 'demo'],
  ['a name', 'openai/gpt-5', 'openai/gpt-5'],
])('the workflow names its model when that is given as %s', async (_, model, id) => {
  await using stage = createStage({ model });
  const { maxOutputTokens, timeouts } = { maxOutputTokens: 1, timeouts: PATIENT };
  const reply = createGenerateReply({ store: stage.store, logger: stage.logger, model, maxOutputTokens, timeouts });
  expect(reply).toMatchObject({ name: 'generate-reply', model: id });
});

test('the log line of a run names the model, its tokens and the finish reason', async () => {
  const { log } = await answerFrom([{ kind: 'ok' }]);
  const line = log.find(({ message }) => message === 'Run completed');
  expect(line?.fields).toMatchObject({
    outcome: 'completed',
    model: 'test-model',
    inputTokens: 7,
    outputTokens: 5,
    finishReason: 'stop',
    firstTokenMs: expect.any(Number),
  });
});

test('a reply that outgrows the log fails with a problem that says so', async () => {
  const word = 'x'.repeat(200_000);
  const ended = await answerFrom([{ kind: 'ok', words: Array.from({ length: 60 }, () => word) }]);
  expectFailure(ended, {
    code: 'model-failed',
    retryable: false,
    detail: 'The answer grew longer than one answer may be.',
  });
  expect(ended.text.length).toBeGreaterThan(7_000_000);
  expect(ended.text.length).toBeLessThan(9_000_000);
});
