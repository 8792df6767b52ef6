import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import {
  chunkText,
  claimInput,
  collectEvents,
  messageOf,
  submitInput,
  terminalText,
} from '../../testing/conformance/store-harness.ts';
import { cancelledEntry, endedEntries, restartedEntry, startedEntry } from '../../entries/control-entries.ts';
import { readSession } from '../../read-session.ts';
import type { LogEntry } from '../../session-store.ts';
import { partitionOf } from '../keys.ts';
import type { OpenRedisStoreOptions, ScriptStore } from './open-redis-store.ts';
import { openForTest, startRun } from './testing/open-for-test.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

const TTL_MS = 600_000;
let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

/** In the order of the scripts' KEYS; events is the name of a channel, and no key. */
const KEYS = ['state', 'log', 'tail', 'steps', 'events', 'transcript', 'ids', 'feedback', 'due'] as const;

/** A session with every key: a run that was sealed and rated, and an active run with a step in its journal. */
async function openFull(options: Partial<OpenRedisStoreOptions> = {}) {
  const opened = await openForTest(server, options);
  const { store, keys } = opened;
  const sessionId = newId();
  const first = await startRun(store, sessionId);
  await store.finish(sessionId, { fence: first.fence, seq: 1, entries: [terminalText(first.runId)] });
  const sealed = `${first.fence}-1`;
  await store.seal(sessionId, { from: START, to: sealed, transcript: '["folded"]', trimTo: START });
  await store.rate(sessionId, { messageId: first.runId, feedback: '1' });
  const lease = await startRun(store, sessionId);
  const { fence } = lease;
  await store.append(sessionId, {
    fence,
    seq: 1,
    entries: [chunkText(lease.runId, 'a')],
    step: { name: 'one', result: '1' },
  });
  const all = KEYS.map((key, index) => [key, keys.ofSession(sessionId)[index] ?? ''] as const);
  const names = Object.fromEntries(all.filter(([key]) => key !== 'events'));
  return { ...opened, sessionId, lease, fence, sealed, names };
}

async function readAll(store: ScriptStore, sessionId: string): Promise<LogEntry[]> {
  const answer = await store.read(sessionId, { limit: 1_000 });
  return 'entries' in answer ? answer.entries : [];
}

describe('the keys of a session', () => {
  it('are named by prefix, partition and session, and there are no others', async () => {
    const { prefix, sessionId } = await openFull();
    const partition = partitionOf(sessionId);
    const own = KEYS.filter((key) => key !== 'due' && key !== 'events').map(
      (key) => `${prefix}:{${partition}}:${sessionId}:${key}`,
    );
    const others = [`${prefix}:{${partition}}:due`, `${prefix}:version`];
    expect((await server.admin.keys(`${prefix}:*`)).toSorted()).toEqual([...own, ...others].toSorted());
    // The check value of CRC-32: cbf43926 for '123456789'.
    expect(partitionOf('123456789')).toBe(0xcbf43926 % 64);
  });

  it('expire together, except during a run, and the state stays longer', async () => {
    const { store, sessionId, fence, names } = await openFull();
    for (const name of Object.values(names)) expect(await server.admin.pttl(name), name).toBe(-1);
    await store.finish(sessionId, { fence, seq: 2, entries: ['{}'] });
    for (const key of ['log', 'transcript', 'ids', 'feedback']) {
      const left = await server.admin.pttl(names[key] ?? '');
      expect(left, key).toBeGreaterThan(TTL_MS - 60_000);
      expect(left, key).toBeLessThanOrEqual(TTL_MS);
    }
    expect(await server.admin.pexpiretime(names['log'] ?? '')).toBe(await server.admin.pexpiretime(names['ids'] ?? ''));
    expect(await server.admin.pttl(names['state'] ?? '')).toBeGreaterThan(3 * TTL_MS - 60_000);
    expect(await server.admin.exists(names['tail'] ?? '', names['steps'] ?? '', names['due'] ?? '')).toBe(0);
  });

  it('are erased with it, except the tombstone, which holds no word of it', async () => {
    const { store, prefix, sessionId, names } = await openFull();
    await store.delete(sessionId);
    expect(new Set(await server.admin.keys(`${prefix}:*`))).toEqual(new Set([names['state'], `${prefix}:version`]));
    expect(Object.keys(await server.admin.hgetall(names['state'] ?? ''))).toEqual(['gone']);
    expect(await server.admin.pttl(names['state'] ?? '')).toBeGreaterThan(0);
  });
});

describe('when a key of a running session vanishes', () => {
  const LOST = { type: 'error', problem: { code: 'stream-lost' } };

  it.each(['state', 'log', 'tail', 'transcript', 'ids', 'steps'])(
    '%s: the writer is refused, and followers are told that the reply is lost',
    async (key) => {
      const { store, sessionId, fence, names, lease } = await openFull();
      const seen = collectEvents();
      await store.follow(sessionId, seen.listener);
      await server.admin.del(names[key] ?? '');
      // A renewal notices it, if the next write did not.
      const answers = [
        await store.append(sessionId, { fence, seq: 2, entries: ['"b"'] }),
        await store.renew(sessionId, { fence, leaseMs: 10_000 }),
        await store.append(sessionId, { fence, seq: 3, entries: ['"c"'] }),
      ].map(({ kind }) => kind);
      expect(['none', 'closed']).toContain(answers.at(-1));

      await vi.waitFor(() => expect(seen.entries.slice(-2).map(messageOf)).toMatchObject([LOST, { status: 'failed' }]));
      expect(messageOf(seen.entries.at(-1))).toMatchObject({ runId: lease.runId });
      const head = await store.head(sessionId);
      const goesOn = key === 'log' || key === 'tail' || key === 'steps';
      if (goesOn) {
        expect(head).toMatchObject({ kind: 'open', run: null });
        expect((await readAll(store, sessionId)).slice(-2).map(messageOf)).toMatchObject([LOST, { status: 'failed' }]);
        expect(await store.submit(sessionId, submitInput())).toMatchObject({ kind: 'ok' });
      } else {
        expect(head).toEqual({ kind: 'gone' });
        await vi.waitFor(() => expect(seen.gone).toBe(true));
      }
      expect((await store.take(10)).due).toEqual(goesOn ? [sessionId] : []);
    },
  );

  it.each(['state', 'log', 'tail', 'transcript', 'ids', 'steps'])('%s: a reader notices it too', async (key) => {
    const { store, sessionId, names } = await openFull();
    await server.admin.del(names[key] ?? '');
    const head = await store.head(sessionId);
    expect(head.kind === 'open' ? head.run : null).toBeNull();
    expect(await store.claim(sessionId, claimInput())).toMatchObject({
      kind: head.kind === 'open' ? 'closed' : 'none',
    });
  });

  it('log: a snapshot continues exactly from the transcript', async () => {
    const { store, sessionId, sealed, names, lease } = await openFull();
    await server.admin.del(names['log'] ?? '');
    const answer = await store.read(sessionId, { limit: 10 });
    expect(answer).toMatchObject({
      kind: 'snapshot',
      transcript: '["folded"]',
      cursor: sealed,
      entries: [{ prev: sealed }, {}, {}, {}],
    });
    const session = await readSession(store, sessionId);
    expect(session).toMatchObject({ kind: 'open', run: null, unfinished: [], state: { run: null } });
    // A viewer that gets only the transcript is told as well.
    expect(session.kind === 'open' ? session.finished.messages.at(-1) : null).toMatchObject({
      role: 'assistant',
      metadata: { run: { runId: lease.runId, status: 'failed', problem: { code: 'stream-lost' } } },
      parts: [],
    });
  });

  it('tail: a viewer that had seen more gets a snapshot of what is left', async () => {
    const { store, sessionId, fence, names } = await openFull();
    await server.admin.del(names['tail'] ?? '');
    await store.head(sessionId);
    const rest = [{ prev: `${fence}-0` }, {}];
    expect(await store.read(sessionId, { after: `${fence}-0`, limit: 10 })).toMatchObject({
      kind: 'exact',
      entries: rest,
    });
    const answer = await store.read(sessionId, { after: `${fence}-1`, limit: 10 });
    expect(answer).toMatchObject({ kind: 'snapshot' });
    expect('entries' in answer ? answer.entries.slice(-2) : []).toMatchObject(rest);
  });

  it('due: the run is listed again by the next read or renewal', async () => {
    const { store, sessionId, names } = await openFull();
    await server.admin.del(names['due'] ?? '');
    await store.head(sessionId);
    await vi.waitFor(async () => expect(await server.admin.zcard(names['due'] ?? '')).toBe(1));
  });

  it('feedback: the run goes on', async () => {
    const { store, sessionId, fence, names } = await openFull();
    await server.admin.del(names['feedback'] ?? '');
    expect(await store.renew(sessionId, { fence, leaseMs: 10_000 })).toEqual({ kind: 'ok' });
    expect(await store.append(sessionId, { fence, seq: 2, entries: ['"b"'] })).toEqual({ kind: 'ok', next: 3 });
    expect(await store.read(sessionId, { limit: 1 })).toMatchObject({ kind: 'snapshot', feedback: {} });
  });

  it('log, without an active run: the session goes on from its transcript', async () => {
    const { store, sessionId, fence, sealed, names } = await openFull();
    await store.finish(sessionId, { fence, seq: 2, entries: ['{}'] });
    await server.admin.del(names['log'] ?? '');
    expect(await store.read(sessionId, { after: `${fence}-2`, limit: 10 })).toMatchObject({
      kind: 'snapshot',
      cursor: sealed,
      head: sealed,
      entries: [],
    });
    expect(await store.submit(sessionId, submitInput())).toEqual({ kind: 'ok', cursor: sealed });
  });
});

describe('numbers', () => {
  it('are exact up to 2^53 - 1, and larger ones are refused before anything is written', async () => {
    let bits = 0;
    const { store, sessionId, names } = await openFull({ random: () => bits });
    await store.cancel(sessionId, { token: newId() });
    const fence = Number.MAX_SAFE_INTEGER - 5;
    await server.admin.hset(names['state'] ?? '', 'fence', String(fence - 2));
    const before = await store.head(sessionId);
    bits = 9;
    await expect(store.submit(sessionId, submitInput())).rejects.toMatchObject({ name: 'StoreError' });
    expect(await store.head(sessionId)).toEqual(before);

    bits = 1;
    await store.submit(sessionId, submitInput());
    expect(await store.head(sessionId)).toMatchObject({ head: `${fence}-0` });
    bits = 4;
    const claimed = await store.claim(sessionId, claimInput());
    expect(claimed).toMatchObject({ kind: 'lease', lease: { fence: Number.MAX_SAFE_INTEGER } });
    const input = { fence: Number.MAX_SAFE_INTEGER, seq: 1, entries: ['"a"'] };
    expect(await store.append(sessionId, input)).toEqual({ kind: 'ok', next: 2 });
    bits = 0;
    await expect(store.cancel(sessionId, { token: newId() })).rejects.toMatchObject({ name: 'StoreError' });
    expect(await store.read(sessionId, { after: `${Number.MAX_SAFE_INTEGER}-0`, limit: 9 })).toMatchObject({
      kind: 'exact',
      entries: [{ id: `${Number.MAX_SAFE_INTEGER}-1` }],
      run: { status: 'started' },
    });
  });

  it('of fences are above the clock, or above the last fence when the clock went back', async () => {
    let ahead = 1_000_000;
    let bits = 5;
    const { store } = await openForTest(server, { clockOffset: () => ahead, random: () => bits });
    const sessionId = newId();
    const at = Date.now();
    await store.submit(sessionId, submitInput());
    const fenceOf = async () => Number((await readAll(store, sessionId)).at(-1)?.id.split('-')[0]);
    const first = await fenceOf();
    expect(first).toBeGreaterThanOrEqual(at + 1_000_000 + 6);
    expect(first).toBeLessThan(at + 1_060_000);
    ahead = -1_000_000;
    bits = 9;
    await store.cancel(sessionId, { token: newId() });
    expect(await fenceOf()).toBe(first + 10);
    bits = 0;
    expect(await store.submit(sessionId, submitInput())).toMatchObject({ kind: 'ok' });
    expect(await fenceOf()).toBe(first + 11);
  });
});

it('writes its own messages with the same bytes as other stores', async () => {
  const { store } = await openForTest(server);
  const said: string[] = [];
  const at = (entry: LogEntry | undefined) => Number(/"at":(\d+)/.exec(entry?.data ?? '')?.[1]);
  const expected: string[] = [];

  const one = newId();
  const { fence, runId } = await startRun(store, one);
  await store.release(one, { fence, delayMs: 0, as: 'retry' });
  await store.claim(one, claimInput({ leaseMs: 1 }));
  await vi.waitFor(async () =>
    expect(
      await store.claim(
        one,
        claimInput({ leaseMs: 1, takeover: { kind: 'continue', head: (await readAll(store, one)).at(-1)?.id ?? '' } }),
      ),
    ).toMatchObject({ kind: 'lease' }),
  );
  await vi.waitFor(async () =>
    expect(await store.claim(one, claimInput({ maxAttempts: 3 }))).toMatchObject({ kind: 'ended' }),
  );
  const log = await readAll(store, one);
  said.push(...log.slice(1).map(({ data }) => data));
  expected.push(
    startedEntry({ runId, attempt: 1, at: at(log[1]) }),
    restartedEntry({ runId, attempt: 2, at: at(log[2]) }, 0),
    restartedEntry({ runId, attempt: 3, at: at(log[3]) }, null),
    ...endedEntries({ runId, attempt: 3, at: at(log[5]) }, 'attempts-exhausted'),
  );
  const two = newId();
  const other = await startRun(store, two);
  await store.cancel(two, { token: newId() });
  const end = (await readAll(store, two)).at(-1);
  said.push(end?.data ?? '');
  expected.push(cancelledEntry({ runId: other.runId, attempt: 1, at: at(end) }));
  expect(said).toEqual(expected);
});

it('sends one command for each batch, however many followers there are in however many processes', async () => {
  const { store, prefix } = await openFull();
  const relays = await Promise.all(Array.from({ length: 5 }, () => openForTest(server, { prefix })));
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  for (const followers of [0, 1, 200]) {
    const counts = await Promise.all(
      Array.from({ length: followers }, async (_, index) => {
        const seen = collectEvents();
        const leave = await (relays[index % relays.length]?.store ?? store).follow(sessionId, seen.listener);
        return { seen, leave };
      }),
    );
    await server.admin.config('RESETSTAT');
    const first =
      Number((await store.head(sessionId).then((head) => (head.kind === 'open' ? head.head : ''))).split('-')[1]) + 1;
    for (let batch = 0; batch < 100; batch += 1) {
      await store.append(sessionId, {
        fence,
        seq: first + 8 * batch,
        entries: Array.from({ length: 8 }, (_, index) => text(batch, index)),
      });
    }
    await vi.waitFor(() => expect(counts.every(({ seen }) => seen.entries.length === 800)).toBe(true));
    const stats = await server.admin.info('commandstats');
    const calls = (name: string) => Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
    // One more command reads the head.
    expect(calls('evalsha')).toBe(101);
    expect(calls('publish')).toBe(100);
    expect(calls('eval') + calls('subscribe') + calls('xread')).toBe(0);
    for (const { leave } of counts) leave();
  }
  const channels = () => server.admin.pubsub('CHANNELS', `${prefix}:*`);
  await vi.waitFor(async () => expect(await channels()).toEqual([]));
});

function text(batch: number, index: number): string {
  return JSON.stringify(`${batch} ${index}`);
}

it('shows what it keeps of a session, without a word of the conversation', async () => {
  const { store, sessionId, fence, lease, sealed } = await openFull();
  expect(await store.inspect(newId())).toBeNull();
  await store.append(sessionId, { fence, seq: 2, entries: ['"secret"'] });
  const inspection = await store.inspect(sessionId);
  expect(inspection).toMatchObject({
    fence,
    head: `${fence}-2`,
    sealedTo: sealed,
    transcriptBytes: 10,
    expiresAt: null,
    run: { runId: lease.runId, status: 'started', attempt: 1, holder: 'lease', owner: 'tester', handOvers: 0 },
    steps: ['one'],
  });
  expect(inspection?.log.at(-1)).toMatchObject({ fence, entries: 3, first: 0, last: 2 });
  expect(inspection?.log.reduce((sum, { entries }) => sum + entries, 0)).toBe(7);
  expect(JSON.stringify(inspection)).not.toContain('secret');
});
