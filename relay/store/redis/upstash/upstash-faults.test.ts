import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import type { Logger } from '../../../util/logger.ts';
import { chunkText, claimInput, submitInput, terminalText } from '../../testing/conformance/store-harness.ts';
import type { FollowEvent, Lease } from '../../session-store.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { openUpstashStore, StoreOpenError, type ScriptStore } from './open-upstash-store.ts';
import { startRestBridge, type RestBridge } from '#testkit/processes/redis/rest-bridge.ts';

const TTL_MS = 60_000;
let server: RedisProcess;
let bridge: RestBridge;
let store: ScriptStore;
let sessionId: string;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());
beforeEach(async () => {
  bridge = await startRestBridge(server.url);
  store = await open();
  sessionId = newId();
});
afterEach(async () => {
  await store.close();
  await bridge.close();
});

function open(over: Partial<Parameters<typeof openUpstashStore>[0]> = {}): Promise<ScriptStore> {
  return openUpstashStore({ url: bridge.url, token: bridge.token, ttlMs: TTL_MS, prefix: newId(), ...over });
}

async function startRun(): Promise<Lease> {
  const submitted = await store.submit(sessionId, submitInput());
  expect(submitted.kind).toBe('ok');
  const claimed = await store.claim(sessionId, claimInput());
  if (claimed.kind !== 'lease') throw new Error(`no lease: ${claimed.kind}`);
  return claimed.lease;
}

async function readTexts(): Promise<string[]> {
  const answer = await store.read(sessionId, { after: '0-0', limit: 1000 });
  if (answer.kind !== 'exact') throw new Error(answer.kind);
  return answer.entries.map(({ data }) => data);
}

it('writes nothing twice, however many answers are lost', async () => {
  const { fence, runId } = await startRun();
  const before = await readTexts();
  let draw = 0;
  // Every second answer is lost, never two in a row, so that the client's own retries are enough.
  bridge.loseAnswers(0.5, () => (draw++ % 2 === 0 ? 0 : 1));
  const written = Array.from({ length: 20 }, (_, index) => chunkText(runId, `part ${index}`));
  for (const [index, entry] of written.entries()) {
    const answer = await store.append(sessionId, { fence, seq: 1 + index, entries: [entry] });
    expect(['ok', 'duplicate']).toContain(answer.kind);
    expect(answer).toMatchObject({ next: 2 + index });
  }
  const end = terminalText(runId);
  expect(['ok', 'duplicate']).toContain((await store.finish(sessionId, { fence, seq: 21, entries: [end] })).kind);
  bridge.loseAnswers(0);
  expect(await readTexts()).toEqual([...before, ...written, end]);
  expect(bridge.counts.lostAnswers).toBeGreaterThan(10);
});

it('rejects while the server is away, and answers again when it is back', async () => {
  const { fence, runId } = await startRun();
  bridge.goAway(true);
  const entries = [chunkText(runId, 'kept')];
  await expect(store.append(sessionId, { fence, seq: 1, entries })).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  await expect(store.check()).rejects.toMatchObject({ code: 'store-unavailable' });
  bridge.goAway(false);
  expect(await store.append(sessionId, { fence, seq: 1, entries })).toEqual({ kind: 'ok', next: 2 });
});

it('sends the scripts of one tick in one request', async () => {
  const sessions = Array.from({ length: 50 }, () => newId());
  await store.head(sessionId);
  const before = { ...bridge.counts };
  await Promise.all(sessions.map((id) => store.submit(id, submitInput())));
  expect(bridge.counts.commands - before.commands).toBeGreaterThanOrEqual(50);
  expect(bridge.counts.requests - before.requests).toBeLessThanOrEqual(3);
});

it('tells of writes of another process, and that something may have been missed after a stream has ended', async () => {
  const prefix = newId();
  await store.close();
  store = await open({ prefix });
  const other = await open({ prefix });
  const { fence, runId } = await startRun();
  const events: FollowEvent[] = [];
  const unfollow = await other.follow(sessionId, (event) => events.push(event));
  await store.append(sessionId, { fence, seq: 1, entries: [chunkText(runId, 'a, "b",\nc')] });
  const [heard] = await vi.waitUntil(() => events.length > 0 && events);
  expect(heard).toEqual({ kind: 'entries', entries: [{ id: `${fence}-1`, data: chunkText(runId, 'a, "b",\nc') }] });

  bridge.endSubscriptions();
  await vi.waitUntil(() => events.at(-1)?.kind === 'unsure');
  await store.append(sessionId, { fence, seq: 2, entries: [chunkText(runId, 'again')] });
  await vi.waitUntil(() => events.at(-1)?.kind === 'entries');
  unfollow();
  await other.close();
});

it('resolves follow although no subscription can be opened, and tells followers once one is', async () => {
  const { fence, runId } = await startRun();
  bridge.silence(true);
  const events: FollowEvent[] = [];
  const unfollow = await store.follow(sessionId, (event) => events.push(event));
  expect((await store.append(sessionId, { fence, seq: 1, entries: [chunkText(runId, 'unheard')] })).kind).toBe('ok');
  bridge.silence(false);
  bridge.endSubscriptions();
  await vi.waitUntil(() => events.some(({ kind }) => kind === 'unsure'), { timeout: 5000 });
  unfollow();
});

it('closes its streams when the followers leave', async () => {
  await startRun();
  const prefixes = await Promise.all([1, 2, 3].map(() => store.follow(sessionId, () => {})));
  expect(bridge.counts.subscriptions).toBe(1);
  for (const unfollow of prefixes) unfollow();
  await vi.waitUntil(async () => (await server.admin.pubsub('CHANNELS')).length === 0);
});

it('refuses a wrong token in one sentence, without the token', async () => {
  const refused = await open({ token: 'wrong-token' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StoreOpenError);
  expect(String(refused)).toMatch(/refuses the token in UPSTASH_REDIS_REST_TOKEN\.$/);
  expect(String(refused)).not.toContain('wrong-token');
});

it('refuses keys of an unknown format', async () => {
  const prefix = newId();
  await server.admin.set(`${prefix}:version`, '999');
  await expect(open({ prefix })).rejects.toThrow(/version 999 of its format/);
  expect(await server.admin.keys(`${prefix}:*`)).toEqual([`${prefix}:version`]);
});

it('waits for a store that cannot be reached yet, logs that, and tells when it turns out to be unusable', async () => {
  const logged: string[] = [];
  const note = (_: object, message: string) => void logged.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  bridge.goAway(true);
  const early = await open({ logger });
  await expect(early.head(sessionId)).rejects.toMatchObject({ code: 'store-unavailable' });
  bridge.goAway(false);
  await vi.waitUntil(async () => (await early.head(sessionId).catch(() => null))?.kind === 'empty', { timeout: 5000 });
  expect(logged).toEqual(['The store cannot be reached: waiting for it', 'The store can be reached']);
  await early.close();

  bridge.goAway(true);
  const unfit = vi.fn<(error: StoreOpenError) => void>();
  await open({ token: 'wrong-token', onUnfit: unfit });
  bridge.goAway(false);
  await vi.waitUntil(() => unfit.mock.calls.length === 1, { timeout: 5000 });
});

it('keeps what visitors wrote out of its errors', async () => {
  await server.admin.config('SET', 'maxmemory', '1');
  try {
    const secret = 'my-password-is-hunter2';
    const error: unknown = await store
      .submit(sessionId, submitInput({ entries: [JSON.stringify(secret)] }))
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'store-full' });
    const told = [error, (error as Error).cause].map((part) =>
      part instanceof Error ? `${part.message} ${part.stack}` : '',
    );
    expect(told.join(' ')).not.toContain(secret);
  } finally {
    await server.admin.config('SET', 'maxmemory', '0');
  }
  expect((await store.submit(sessionId, submitInput())).kind).toBe('ok');
});
