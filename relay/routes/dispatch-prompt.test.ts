import { MockLanguageModelV4 } from 'ai/test';
import { Hono } from 'hono';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { CreateEngine, Engine, EngineParts } from '../engine/engine.ts';
import { createInProcessEngine } from '../engine/in-process/in-process-engine.ts';
import { openSqliteStore } from '../store/sqlite/open-sqlite-store.ts';
import { json, openRelayStage, type RelayStageOptions } from '../testing/relay-stage.ts';

function stageWith(options: RelayStageOptions) {
  const stage = openRelayStage(options);
  onTestFinished(() => stage.close());
  return stage;
}

/** An engine that executes nothing, with one of its functions replaced. */
function idleEngine(over: Partial<Engine>): CreateEngine {
  return () => ({ start() {}, dispatch: async () => {}, activeRuns: 0, drain: async () => {}, ...over });
}

test('a prompt is dispatched once it is stored, with its session and run', async () => {
  const dispatched: unknown[] = [];
  let parts: EngineParts | undefined;
  const stage = stageWith({
    engine(given) {
      parts = given;
      return idleEngine({
        async dispatch(...args) {
          const head = await given.store.head(args[0]);
          dispatched.push([...args, head.kind === 'open' && head.run?.runId]);
        },
      })(given);
    },
    leaseMs: 4321,
  });
  const session = await stage.mint();
  const runId = await stage.prompt(session);
  await vi.waitFor(() => expect(dispatched).toEqual([[session.sessionId, runId, runId]]));
  expect(parts).toMatchObject({ leaseMs: 4321, takeover: 'restart', workflow: { name: 'generate-reply' } });
});

test.each<[string, Engine['dispatch']]>([
  ['rejects', () => Promise.reject(new Error('the queue is away'))],
  [
    'throws',
    () => {
      throw new Error('the queue is away');
    },
  ],
])('a dispatch that %s does not lose the prompt, and is logged', async (_, dispatch) => {
  const stage = stageWith({ engine: idleEngine({ dispatch }) });
  const session = await stage.mint();
  const body = { sessionId: session.sessionId, prompt: 'Hello?' };
  const response = await stage.request('/api/llm-stream', json(body, session.token));
  expect(response.status).toBe(202);
  await vi.waitFor(() =>
    expect(stage.logged.map(({ message }) => message).join()).toContain('could not be dispatched'),
  );
  expect(await stage.store.take(1)).toMatchObject({ due: [session.sessionId] });
});

test('a dispatch that takes for ever does not hold up the answer', async () => {
  const stage = stageWith({ engine: idleEngine({ dispatch: () => new Promise(() => {}) }) });
  expect(await stage.prompt(await stage.mint())).not.toBe('');
});

test('the model is asked at once, not after the next poll', async () => {
  const asked = Promise.withResolvers<void>();
  const model = new MockLanguageModelV4({
    doStream: async () => {
      asked.resolve();
      throw new Error('no answer is needed');
    },
  });
  const store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  const stage = stageWith({
    model,
    wrapStore: () => store,
    engine: (parts) => createInProcessEngine({ ...parts, pollMs: 60_000 }),
  });
  onTestFinished(() => store.close());
  stage.relay.start();
  // The poll of the start has found nothing by then.
  await store.take(1);
  await stage.prompt(await stage.mint());
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('not asked within 1 s')), 1000));
  await expect(Promise.race([asked.promise, late])).resolves.toBeUndefined();
});

test('routes of the engine are mounted behind those of the relay', async () => {
  const routes = new Hono();
  routes.post('/engine', async (c) => c.json({ delivered: await c.req.json() }));
  routes.get('/healthz', (c) => c.text('not this one'));
  const stage = stageWith({ engine: idleEngine({ routes }) });
  const delivered = await stage.request('/engine', json({ runId: 'r' }));
  expect(await delivered.json()).toEqual({ delivered: { runId: 'r' } });
  expect(await (await stage.request('/healthz')).json()).toEqual({ status: 'ok' });
  expect((await stage.request('/nothing')).status).toBe(404);
});
