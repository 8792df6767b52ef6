import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '#shared/ids.ts';
import { openSqliteStore, type SqliteStore } from '../store/drivers/sqlite/open-sqlite-store.ts';
import { RunStopped, type StopReason } from './errors.ts';
import { keepLease } from './lease-keeper.ts';

/** No renewal comes before the test is over: only the live channel can tell. */
const LEASE_MS = 600_000;
const AT_ONCE_MS = 2000;

let store: SqliteStore;
let sessionId: string;
let end: AbortController;
let keeping: Promise<void>;
let stopped: Promise<StopReason>;

beforeEach(async () => {
  store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  sessionId = newId();
  end = new AbortController();
  await store.submit(sessionId, { random: 1, messageId: 'm', hash: 'h', runId: 'r', entries: ['{"type":"message"}'] });
  const fence = await claim();
  const { promise, resolve } = Promise.withResolvers<StopReason>();
  stopped = promise;
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const giveUpMs = LEASE_MS;
  keeping = keepLease({ store, sessionId, fence, leaseMs: LEASE_MS, giveUpMs, signal: end.signal, onStop: resolve, logger, logFields: {} });
  // The subscription stands.
  await new Promise((resolve) => setTimeout(resolve, 20));
});
afterEach(async () => {
  end.abort(new RunStopped('closing'));
  await keeping;
  await store.close();
});

async function claim(): Promise<number> {
  const answer = await store.claim(sessionId, {
    token: newId(),
    random: 1,
    owner: 'test',
    leaseMs: LEASE_MS,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
  });
  if (answer.kind !== 'lease') throw new Error(answer.kind);
  return answer.lease.fence;
}

const soon = () => Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, AT_ONCE_MS, 'not yet'))]);

test('a run is told at once that it was stopped', async () => {
  await store.cancel(sessionId, { token: newId(), random: 1 });
  expect(await soon()).toBe('lost');
});

test('a run is told at once that its session was deleted', async () => {
  await store.delete(sessionId);
  expect(await soon()).toBe('lost');
});
