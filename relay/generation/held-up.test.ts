import { jsonSchema, tool } from 'ai';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createModel } from './models/index.ts';
import { startOpenAiServer } from './testing/openai-server.ts';
import { createStage } from './testing/stage.ts';

/** Longer than the test: no renewal is due by itself. */
const LEASE_MS = 600_000;

test.each([
  ['calls the model', 1],
  ['runs a tool', 2],
])('a relay that is frozen past its lease just before it %s stops instead', async (_, frozenRead) => {
  const monotonic = performance.now.bind(performance);
  let laterMs = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => monotonic() + laterMs);
  onTestFinished(() => now.mockRestore());
  await using server = await startOpenAiServer(({ body }) =>
    body.messages.some(({ role }) => role === 'tool')
      ? { kind: 'ok', words: ['Sunny.'] }
      : { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'weather', input: '{}' }] },
  );
  const executions: number[] = [];
  const execute = async (): Promise<string> => {
    executions.push(executions.length);
    return 'sunny';
  };
  const [frozen, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let reads = 0;
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
    tools: { weather: tool({ inputSchema: jsonSchema({ type: 'object' }), execute }) },
    engine: { leaseMs: LEASE_MS },
    wrap: (store) => ({
      ...store,
      // The next step acts on this answer, which was true before the freeze.
      async read(...args) {
        const answer = await store.read(...args);
        if ((reads += 1) === frozenRead) {
          frozen.resolve();
          await awake.promise;
        }
        return answer;
      },
      // A frozen process receives nothing.
      follow: () => Promise.resolve(() => {}),
    }),
  });
  const heldUp = stage.start();
  await stage.prompt('What is the weather like?');
  await frozen.promise;
  laterMs = LEASE_MS + 1;
  stage.advance(LEASE_MS + 1);
  stage.start();
  expect((await stage.ended()).terminals).toMatchObject([{ status: 'completed', attempt: 2 }]);

  awake.resolve();
  await stage.until(() => heldUp.activeRuns === 0);
  expect(server.requests).toHaveLength(2);
  expect(executions).toHaveLength(1);
});
