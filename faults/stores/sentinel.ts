import { startSentinelGroup } from '#relay/store/drivers/redis/testing/redis-sentinel.ts';
import { until } from '../../e2e/support/wait.ts';
import type { StoreUnderTest } from '../harness/store-under-test.ts';
import type { FailoverPlace } from './failover-place.ts';
import { redisUnderTest, RELAY_SECRET, RELAYS } from './redis.ts';
import { isFollowing, killWithLostTail } from './replicated.ts';

const PATIENCE = { timeoutMs: 30_000, everyMs: 50 };

export async function openSentinelPlace(): Promise<FailoverPlace> {
  const group = await startSentinelGroup();
  let { master, replica } = group;
  return {
    settings: { RELAY_SECRET, STORE: group.url },
    runBy: [],
    async failOver(lostMs) {
      await killWithLostTail(master, replica, lostMs);
      [master, replica] = [replica, master];
      await until('the replica leads', async () => (await master.admin.info('replication')).includes('role:master'), PATIENCE);
      await replica.restart();
      await until('the sentinel has made the old master a replica', () => isFollowing(replica), PATIENCE);
    },
    dispose: () => group.destroy(),
  };
}

/** Relays that ask a Sentinel for their server. Its ports are those of one server. */
export const sentinelUnderTest: StoreUnderTest = {
  ...redisUnderTest,
  name: 'sentinel',
  relays: RELAYS,
  openPlace: openSentinelPlace,
};
