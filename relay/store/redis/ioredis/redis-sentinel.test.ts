import { expect, it, onTestFinished } from 'vitest';
import { newId } from '#shared/ids.ts';
import { openRedisStore } from './open-redis-store.ts';
import { startSentinelGroup } from '#testkit/processes/redis/redis-sentinel.ts';
import { trustCertificate } from '#testkit/processes/redis/tls/tls-files.ts';
import { writeThroughFailover } from './testing/write-through-failover.ts';

it.each(['TCP', 'TLS'] as const)(
  'goes on with the new master that the sentinels choose, and its followers are told, over %s',
  { timeout: 90_000 },
  async (line) => {
    trustCertificate();
    const { url, master, replica, destroy } = await startSentinelGroup({ tls: line === 'TLS' });
    onTestFinished(destroy);
    const store = await openRedisStore({ url, prefix: newId(), ttlMs: 60_000 });
    onTestFinished(() => store.close());
    expect(await writeThroughFailover(store, async () => master)).toEqual(['"a"', '"b"', '"c"']);
    expect(await replica.admin.info('replication')).toContain('role:master');
  },
);
