import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '#testkit/network/free-port.ts';
import { newId } from '#shared/ids.ts';
import { submitInput } from '../../testing/conformance/store-harness.ts';
import type { StoreOpenError } from '../../store-error.ts';
import { openRedisStore } from './open-redis-store.ts';
import { openForTest } from './testing/open-for-test.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

const TTL_MS = 60_000;
let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

/** The sentence with which opening is refused. */
async function refusal(url: string, options: { prefix?: string; allowEviction?: boolean } = {}): Promise<string> {
  const opened = openRedisStore({ url, ttlMs: TTL_MS, ...options });
  opened.then(
    (store) => onTestFinished(() => store.close()),
    () => undefined,
  );
  const error = await opened.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'StoreOpenError' });
  return error instanceof Error ? error.message : '';
}

it('refuses a Redis that may evict conversations, unless that is allowed', async () => {
  await server.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  onTestFinished(async () => void (await server.admin.config('SET', 'maxmemory-policy', 'noeviction')));
  expect(await refusal(server.url)).toBe(
    `The store ${server.url} throws conversations away when its memory is full (maxmemory-policy is allkeys-lru): ` +
      'set it to noeviction, or start all the same with ALLOW_EVICTION=true.',
  );
  const { store } = await openForTest(server, { allowEviction: true });
  await expect(store.check()).resolves.toBeUndefined();
});

it('refuses keys of another format', async () => {
  const prefix = newId();
  await server.admin.set(`${prefix}:version`, '99');
  expect(await refusal(server.url, { prefix })).toMatch(
    /^The store .* was written by another release of this relay \(version 99 /,
  );
});

it('says in one sentence what is wrong with a login, without a password', async () => {
  await server.admin.call('ACL', 'SETUSER', 'chat', 'on', '>right', '~*', '&*', '+@all', '-info');
  await server.admin.call('ACL', 'SETUSER', 'default', 'resetpass', '>secret');
  onTestFinished(async () => void (await server.admin.call('ACL', 'SETUSER', 'default', 'nopass')));
  const at = `127.0.0.1:${server.port}`;
  expect(await refusal(`redis://:wrong@${at}`)).toBe(
    `The store redis://${at} refuses the user name or the password in STORE.`,
  );
  expect(await refusal(`redis://chat:wrong@${at}`)).toBe(
    `The store redis://${at} refuses the user name or the password in STORE.`,
  );
  expect(await refusal(`redis://${at}`)).toBe(
    `The store redis://${at} wants a password: STORE=redis://user:password@….`,
  );
  expect(await refusal(`redis://chat:right@${at}`)).toMatch(
    /^The store .* does not let this user do what the relay has to: .*info/,
  );
});

it('needs only the commands and keys of the documented user', async () => {
  const prefix = newId();
  const rights = [`~${prefix}:*`, `&${prefix}:*`, '+@all', '-@dangerous', '-@admin', '+info', '+cluster|slots'];
  await server.admin.call('ACL', 'SETUSER', 'limited', 'on', '>right', ...rights);
  const { store } = await openForTest(server, { url: `redis://limited:right@127.0.0.1:${server.port}`, prefix });
  const sessionId = newId();
  await store.follow(sessionId, () => undefined);
  expect(await store.submit(sessionId, submitInput())).toMatchObject({ kind: 'ok' });
  expect((await store.take(10)).due).toEqual([sessionId]);
  await store.delete(sessionId);
  await store.check();
});

it('waits for a Redis that is not up yet, logs that, and works once it is up', { timeout: 30_000 }, async () => {
  const port = await freePort();
  const lines: string[] = [];
  const note = (_: object, message: string) => void lines.push(message);
  const logger = { debug: () => undefined, info: note, warn: note, error: note };
  const store = await openRedisStore({ url: `redis://127.0.0.1:${port}`, ttlMs: TTL_MS, logger });
  onTestFinished(() => store.close());
  expect(lines).toEqual(['The store cannot be reached: waiting for it']);
  await expect(store.check()).rejects.toMatchObject({ name: 'StoreError', code: 'store-unavailable' });

  const late = await startRedis({ port });
  onTestFinished(() => late.destroy());
  await vi.waitFor(() => store.check(), { timeout: 10_000 });
  expect(lines).toEqual(['The store cannot be reached: waiting for it', 'The store can be reached']);
  expect(await store.submit(newId(), submitInput())).toMatchObject({ kind: 'ok' });
});

it('waits for a Redis that is connected but not ready, without a new connection', { timeout: 30_000 }, async () => {
  const replica = await startRedis({ args: ['--replica-serve-stale-data', 'no'] });
  onTestFinished(() => replica.destroy());
  await replica.admin.call('REPLICAOF', '127.0.0.1', String(await freePort()));
  const { store } = await openForTest(replica);
  await expect(store.check()).rejects.toMatchObject({ name: 'StoreError', code: 'store-unavailable' });
  await replica.admin.call('REPLICAOF', 'NO', 'ONE');
  await vi.waitFor(() => store.check(), { timeout: 5_000 });
});

it('tells when the Redis it waited for turns out to be unusable', { timeout: 30_000 }, async () => {
  const port = await freePort();
  const unfit: StoreOpenError[] = [];
  const store = await openRedisStore({
    url: `redis://127.0.0.1:${port}`,
    ttlMs: TTL_MS,
    onUnfit: (error) => void unfit.push(error),
  });
  onTestFinished(() => store.close());
  const late = await startRedis({ port, args: ['--maxmemory-policy', 'volatile-ttl'] });
  onTestFinished(() => late.destroy());
  await vi.waitFor(() => expect(unfit).toHaveLength(1), { timeout: 10_000 });
  expect(unfit[0]?.message).toContain('maxmemory-policy is volatile-ttl');
  await expect(store.check()).rejects.toMatchObject({ name: 'StoreError', code: 'store-unavailable' });
});
