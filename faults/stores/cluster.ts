import { newId } from '#shared/ids.ts';
import { openRedisStore } from '#relay/store/redis/ioredis/open-redis-store.ts';
import { startCluster, type RedisCluster } from '#testkit/processes/redis/redis-cluster.ts';
import { until } from '#testkit/wait.ts';
import type { StoreUnderTest } from '../harness/store-under-test.ts';
import type { FailoverPlace } from './failover-place.ts';
import { redisUnderTest, RELAY_SECRET, RELAYS } from './redis.ts';
import { isFollowing, killWithLostTail } from './replicated.ts';

const PATIENCE = { timeoutMs: 30_000, everyMs: 50 };

export async function openClusterPlace(): Promise<FailoverPlace> {
  const cluster = await startCluster();
  const [masters, replicas] = [[...cluster.masters], [...cluster.replicas]];
  let next = 0;
  return {
    settings: { RELAY_SECRET, STORE: cluster.url },
    runBy: [],
    async failOver(lostMs) {
      const index = next % masters.length;
      next += 1;
      const [master, replica] = [masters[index], replicas[index]];
      if (!master || !replica) return;
      await killWithLostTail(master, replica, lostMs);
      [masters[index], replicas[index]] = [replica, master];
      await until(
        'the replica leads',
        async () => (await replica.admin.info('replication')).includes('role:master'),
        PATIENCE,
      );
      await master.restart();
      await until('the old master follows', () => isFollowing(master), PATIENCE);
    },
    dispose: () => cluster.destroy(),
  };
}

let shared: Promise<RedisCluster> | null = null;

/** A Redis Cluster: three masters with a replica each. */
export const clusterUnderTest: StoreUnderTest = {
  ...redisUnderTest,
  name: 'cluster',
  relays: RELAYS,

  async openPort(options) {
    shared ??= startCluster();
    const { url } = await shared;
    let offsetMs = 0;
    const store = await openRedisStore({ ...options, url, prefix: newId(), clockOffset: () => offsetMs });
    return {
      store,
      // oxlint-disable-next-line require-await
      async advance(ms) {
        offsetMs += ms;
      },
      destroy: () => store.close(),
    };
  },

  openPlace: openClusterPlace,

  async close() {
    const cluster = await shared;
    shared = null;
    await cluster?.destroy();
  },
};
