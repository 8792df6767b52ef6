import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite/open-sqlite-store.ts';
import { RunStopped, type StopReason } from './errors.ts';
import { keepLease, type LeaseKeeper } from './lease-keeper.ts';

/** Longer than a test: no renewal comes by itself, so only the live channel tells of a loss. */
const LEASE_MS = 600_000;
const AT_ONCE_MS = 2000;

let store: SqliteStore;
let sessionId: string;
let end: AbortController;
let keeper: LeaseKeeper;
/** Whether events of the live channel arrive. */
let hears: boolean;
let finishing: boolean;
let renewals: number;
/** How far both clocks were moved on, the store's and the monotonic one, in ms. */
let laterMs: number;
/** How long the answer to a renewal takes on both clocks, in ms. */
let answerLaterMs: number;
let stopped: Promise<StopReason>;

beforeEach(async () => {
  hears = true;
  finishing = false;
  renewals = 0;
  laterMs = 0;
  answerLaterMs = 0;
  const monotonic = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => monotonic() + laterMs);
  store = openSqliteStore({ path: ':memory:', ttlMs: 10 * LEASE_MS, clock: () => Date.now() + laterMs });
  sessionId = newId();
  end = new AbortController();
  await store.submit(sessionId, { messageId: 'm', hash: 'h', runId: 'r', entries: ['{"type":"message"}'] });
  const askedAt = performance.now();
  const fence = await claim();
  const { promise, resolve } = Promise.withResolvers<StopReason>();
  stopped = promise;
  const following = Promise.withResolvers<void>();
  const watched: Parameters<typeof keepLease>[0]['store'] = {
    async follow(id, listener) {
      const unfollow = await store.follow(id, (event) => hears && listener(event));
      following.resolve();
      return unfollow;
    },
    async renew(...args) {
      renewals += 1;
      const answer = await store.renew(...args);
      laterMs += answerLaterMs;
      return answer;
    },
  };
  const onStop = (reason: StopReason) => {
    resolve(reason);
    end.abort(new RunStopped(reason));
  };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const giveUpMs = LEASE_MS;
  keeper = keepLease({
    store: watched,
    sessionId,
    fence,
    leaseMs: LEASE_MS,
    askedAt,
    giveUpMs,
    signal: end.signal,
    isFinishing: () => finishing,
    onStop,
    logger,
    logFields: {},
  });
  await following.promise;
});
afterEach(async () => {
  end.abort(new RunStopped('closing'));
  await keeper.ended;
  await store.close();
  vi.restoreAllMocks();
});

async function claim(): Promise<number> {
  const answer = await store.claim(sessionId, {
    token: newId(),
    owner: 'test',
    leaseMs: LEASE_MS,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
  });
  if (answer.kind !== 'lease') throw new Error(answer.kind);
  return answer.lease.fence;
}

const soon = () => Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, AT_ONCE_MS, 'not yet'))]);

test('a cancel is noticed at once', async () => {
  await store.cancel(sessionId, { token: newId() });
  expect(await soon()).toBe('lost');
});

test('the deletion of a session is noticed at once', async () => {
  await store.delete(sessionId);
  expect(await soon()).toBe('lost');
});

test('a raised fence is no loss while the end of the run is on its way to the store', async () => {
  finishing = true;
  await store.cancel(sessionId, { token: newId() });
  laterMs = LEASE_MS + 1;
  const confirmed = keeper.confirm().catch((error: unknown) => error);
  await vi.waitFor(() => expect(renewals).toBe(1));
  end.abort(new RunStopped('closing'));
  expect(await confirmed).toMatchObject({ reason: 'closing' });
});

describe('confirming a lease', () => {
  test('asks nothing while its time cannot be up', async () => {
    laterMs = LEASE_MS - 60_000;
    await keeper.confirm();
    expect(renewals).toBe(0);
  });

  test('renews once for all that ask, and asks nothing for as long again', async () => {
    laterMs = LEASE_MS + 1;
    await Promise.all([keeper.confirm(), keeper.confirm()]);
    expect(renewals).toBe(1);
    laterMs += LEASE_MS - 60_000;
    await keeper.confirm();
    expect(renewals).toBe(1);
  });

  test('counts from when a renewal was asked for, not from when it was answered', async () => {
    laterMs = LEASE_MS + 1;
    answerLaterMs = 5000;
    await keeper.confirm();
    expect(renewals).toBe(1);
    laterMs += LEASE_MS - 2500;
    await keeper.confirm();
    expect(renewals).toBe(2);
  });

  test('fails after a freeze during which another relay took over', async () => {
    hears = false;
    laterMs = LEASE_MS + 1;
    await claim();
    await expect(keeper.confirm()).rejects.toMatchObject({ reason: 'lost' });
    expect(renewals).toBe(1);
    await expect(keeper.confirm()).rejects.toMatchObject({ reason: 'lost' });
  });
});
