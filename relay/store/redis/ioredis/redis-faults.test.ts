import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { claimInput, collectEvents, submitInput } from '../../testing/conformance/store-harness.ts';
import type { AppendAnswer } from '../../session-store.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep } from '#testkit/wait.ts';
import { openForTest, startRun } from './testing/open-for-test.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
});
afterAll(() => server.destroy());

const text = (value: unknown) => JSON.stringify(value);

it('sends a script whole when the server does not know it (any more)', async () => {
  const { store } = await openForTest(server);
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  await server.admin.script('FLUSH');
  expect(await store.append(sessionId, { fence, seq: 1, entries: ['"a"'] })).toEqual({ kind: 'ok', next: 2 });
  expect(await store.head(sessionId)).toMatchObject({ head: `${fence}-1` });
});

it(
  'writes nothing twice and loses nothing acknowledged while its connections are killed',
  { timeout: 30_000 },
  async () => {
    const { store } = await openForTest(server);
    const sessionId = newId();
    const { fence, head } = await startRun(store, sessionId);
    let killing = true;
    let kills = 0;
    const killer = (async () => {
      while (killing) {
        kills += Number(await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    const acknowledged: string[] = [];
    for (let seq = 1; seq <= 600; seq += 3) {
      const entries = [seq, seq + 1, seq + 2].map(text);
      let answer: AppendAnswer | null = null;
      while (!answer) answer = await store.append(sessionId, { fence, seq, entries }).catch(() => null);
      expect(['ok', 'duplicate']).toContain(answer.kind);
      acknowledged.push(...entries);
    }
    killing = false;
    await killer;
    expect(kills).toBeGreaterThan(10);
    const answer = await vi.waitFor(() => store.read(sessionId, { after: head, limit: 10_000 }));
    expect(answer.kind === 'exact' ? answer.entries.map(({ data }) => data) : answer).toEqual(acknowledged);
  },
);

describe('a command whose connection is lost', () => {
  /** A store whose line to the server takes 200 ms each way, so that a command is on its way for a known time. */
  async function openSlowly() {
    const proxy = await openTcpProxy(server.port);
    onTestFinished(() => proxy.close());
    const opened = await openForTest(server, { url: `redis://127.0.0.1:${proxy.port}` });
    proxy.delay(200);
    return { proxy, ...opened };
  }

  it('is sent again over the next connection when it had not reached the server', async () => {
    const { store, proxy } = await openSlowly();
    const sessionId = newId();
    const before = proxy.counts.connections;
    const submitted = store.submit(sessionId, submitInput());
    proxy.goDown();
    proxy.delay(0);
    await sleep(200);
    proxy.restore();
    expect(await submitted).toMatchObject({ kind: 'ok' });
    expect(proxy.counts.connections).toBeGreaterThan(before);
  });

  it('is sent again when only its answer was lost, and is written once', async () => {
    const { store, proxy, keys } = await openSlowly();
    const sessionId = newId();
    const input = submitInput();
    const submitted = store.submit(sessionId, input);
    const [state = ''] = keys.ofSession(sessionId);
    await vi.waitUntil(() => server.admin.exists(state), { interval: 5 });
    proxy.goDown();
    proxy.delay(0);
    await sleep(200);
    proxy.restore();
    expect(await submitted).toMatchObject({ kind: 'same', runId: input.runId });
    expect(await store.read(sessionId, { limit: 10 })).toMatchObject({ entries: [{ data: input.entries[0] }] });
  });
});

it('tells followers that they may have missed something after their connection was cut, and goes on telling them', async () => {
  const { store } = await openForTest(server);
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  const seen = collectEvents();
  await store.follow(sessionId, seen.listener);
  await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await vi.waitFor(() => expect(seen.unsure).toBe(1), { timeout: 5_000 });
  await store.append(sessionId, { fence, seq: 1, entries: ['"a"'] });
  await vi.waitFor(() => expect(seen.entries).toEqual([{ id: `${fence}-1`, data: '"a"' }]));
});

it('goes on after a restart of Redis with everything that it had acknowledged', { timeout: 30_000 }, async () => {
  const { store } = await openForTest(server);
  const [sessionId, prompt, claim] = [newId(), submitInput(), claimInput()];
  await store.submit(sessionId, prompt);
  const claimed = await store.claim(sessionId, claim);
  const fence = claimed.kind === 'lease' ? claimed.lease.fence : 0;
  await store.append(sessionId, { fence, seq: 1, entries: ['"a"'], step: { name: 'one', result: '1' } });
  const before = await store.read(sessionId, { limit: 100 });
  const seen = collectEvents();
  await store.follow(sessionId, seen.listener);

  await server.kill();
  await expect(store.append(sessionId, { fence, seq: 2, entries: ['"b"'] })).rejects.toMatchObject({
    name: 'StoreError',
    code: 'store-unavailable',
  });
  await server.restart();
  const after = await vi.waitFor(() => store.read(sessionId, { limit: 100 }), { timeout: 10_000 });
  expect(after).toEqual(before);
  expect(await store.submit(sessionId, prompt)).toMatchObject({ kind: 'same', runId: prompt.runId });
  expect(await store.claim(sessionId, claim)).toMatchObject({
    kind: 'lease',
    lease: { fence, next: 2, journal: { one: '1' } },
  });
  expect(await store.append(sessionId, { fence, seq: 2, entries: ['"b"'] })).toEqual({ kind: 'ok', next: 3 });
  await vi.waitFor(() => expect(seen.unsure).toBeGreaterThan(0), { timeout: 10_000 });
});

it('rejects in time while the server is frozen, and goes on when it is back', { timeout: 30_000 }, async () => {
  const { store } = await openForTest(server);
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  server.signal('SIGSTOP');
  onTestFinished(() => server.signal('SIGCONT'));
  const asked = performance.now();
  await expect(store.append(sessionId, { fence, seq: 1, entries: ['"a"'] })).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  expect(performance.now() - asked).toBeLessThan(8_000);
  server.signal('SIGCONT');
  // Whether the first append was written or not, the entry is there once.
  const again = () => store.append(sessionId, { fence, seq: 1, entries: ['"a"'] });
  expect(await vi.waitFor(again, { timeout: 10_000 })).toMatchObject({ next: 2 });
});

it('rejects whole writes when the server is full; reading, cancelling and deleting still work', async () => {
  const full = await startRedis();
  onTestFinished(() => full.destroy());
  const { store } = await openForTest(full);
  const [sessionId, other] = [newId(), newId()];
  const { fence, runId } = await startRun(store, sessionId);
  await startRun(store, other);
  const used = Number(/used_memory:(\d+)/.exec(await full.admin.info('memory'))?.[1]);
  await full.admin.config('SET', 'maxmemory', String(used + 1_000_000));

  const entries = Array.from({ length: 20 }, (_, index) => text(`${index} ${'x'.repeat(1_000)}`));
  let next = 1;
  let failure: unknown;
  while (failure === undefined && next < 10_000) {
    const answer = await store
      .append(sessionId, { fence, seq: next, entries })
      .catch((error: unknown) => void (failure = error));
    if (answer?.kind === 'ok') next = answer.next;
  }
  expect(next).toBeGreaterThan(20);
  // The refused command has left the connection's buffer by now, so set the limit so low that small writes fail too.
  await full.admin.config('SET', 'maxmemory', '1');
  const storeFull = { name: 'StoreError', code: 'store-full' };
  expect(failure).toMatchObject(storeFull);
  await expect(store.submit(newId(), submitInput())).rejects.toMatchObject(storeFull);
  await expect(store.finish(sessionId, { fence, seq: next, entries })).rejects.toMatchObject(storeFull);
  await expect(store.check()).rejects.toMatchObject(storeFull);

  const answer = await store.read(sessionId, { after: `${fence}-0`, limit: 10_000 });
  expect(answer).toMatchObject({ kind: 'exact', head: `${fence}-${next - 1}`, run: { runId } });
  expect(answer.kind === 'exact' ? answer.entries.length : -1).toBe(next - 1);
  expect((await store.take(10)).due).toEqual([]);
  expect(await store.renew(sessionId, { fence, leaseMs: 1_000 })).toEqual({ kind: 'ok' });
  expect(await store.cancel(other, { token: newId() })).toMatchObject({ kind: 'ok' });
  await store.delete(sessionId);
  expect(await store.head(sessionId)).toEqual({ kind: 'gone' });
  await full.admin.config('SET', 'maxmemory', String(used + 1_000_000));
  // Deleting has made room.
  expect(await store.submit(newId(), submitInput())).toMatchObject({ kind: 'ok' });
});

it('does not seal a history that the server has lost meanwhile', async () => {
  const { store } = await openForTest(server);
  const sessionId = newId();
  const answer = async (): Promise<string> => {
    const { fence, runId } = await startRun(store, sessionId);
    const end = { type: 'metadata', status: 'completed', runId, messageId: runId, attempt: 1, at: 0 };
    await store.finish(sessionId, { fence, seq: 1, entries: [text(end)] });
    return `${fence}-1`;
  };
  const lost = await answer();
  // A sealer has read the log. Before it writes, the server loses everything, and another prompt is answered.
  await server.admin.flushall();
  await answer();
  expect(await store.seal(sessionId, { from: '0-0', to: lost, transcript: '["lost"]', trimTo: '0-0' })).toBe('stale');
  expect(await store.read(sessionId, { limit: 1 })).toMatchObject({
    kind: 'snapshot',
    cursor: '0-0',
    transcript: '[]',
  });
});
