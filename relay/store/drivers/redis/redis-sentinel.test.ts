import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { collectEvents } from '../../conformance/store-harness.ts';
import { openRedisStore } from './open-redis-store.ts';
import { startRun } from './testing/open-for-test.ts';
import { startRedis, type RedisProcess } from './testing/redis-process.ts';

/** A sentinel that takes a server for dead after half a second. It writes its own file anew all the time. */
async function startSentinel(master: RedisProcess): Promise<RedisProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sentinel-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [`monitor main 127.0.0.1 ${master.port} 1`, 'down-after-milliseconds main 500', 'failover-timeout main 2000']
      .map((line) => `sentinel ${line}\n`)
      .join(''),
  );
  const sentinel = await startRedis({ config: file, args: ['--sentinel'] });
  onTestFinished(() => sentinel.destroy());
  return sentinel;
}

it('goes on with the server that the sentinels make the new master, and its followers hear of it', { timeout: 40_000 }, async () => {
  const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  onTestFinished(() => master.destroy());
  const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${master.port}`] });
  onTestFinished(() => replica.destroy());
  await vi.waitFor(async () => expect(await replica.admin.info('replication')).toContain('master_link_status:up'), { timeout: 10_000 });
  const sentinel = await startSentinel(master);
  await vi.waitFor(async () => expect(String(await sentinel.admin.call('SENTINEL', 'REPLICAS', 'main'))).toContain(String(replica.port)), {
    timeout: 15_000,
    interval: 100,
  });

  const store = await openRedisStore({ url: `redis-sentinel://127.0.0.1:${sentinel.port}/main`, prefix: newId(), ttlMs: 60_000 });
  onTestFinished(() => store.close());
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  const seen = collectEvents();
  let unsure = 0;
  await store.follow(sessionId, (event) => {
    if (event.kind === 'unsure') unsure += 1;
    seen.listener(event);
  });
  await store.append(sessionId, { fence, seq: 1, entries: ['"a"'] });
  // What a failover may lose is not what this is about.
  await master.admin.wait(1, 1_000);
  await master.kill();

  await vi.waitFor(async () => expect(await store.append(sessionId, { fence, seq: 2, entries: ['"b"'] })).toMatchObject({ next: 3 }), {
    timeout: 20_000,
    interval: 100,
  });
  await vi.waitFor(() => expect(unsure).toBeGreaterThan(0), { timeout: 10_000 });
  await store.append(sessionId, { fence, seq: 3, entries: ['"c"'] });
  await vi.waitFor(() => expect(seen.entries.map(({ data }) => data)).toContain('"c"'));
  expect(await replica.admin.info('replication')).toContain('role:master');
});
