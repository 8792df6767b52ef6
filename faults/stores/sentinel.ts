import { startSentinelGroup } from '#testkit/processes/redis/redis-sentinel.ts';
import { until } from '#testkit/wait.ts';
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
      const { port } = master;
      // Not before the sentinel has switched: an empty server that is back too early may become the master again.
      await until(
        'the sentinel names the new master',
        async () => {
          const [, named] = (await group.sentinel.admin.call(
            'SENTINEL',
            'GET-MASTER-ADDR-BY-NAME',
            'main',
          )) as string[];
          return Number(named) === port && (await master.admin.info('replication')).includes('role:master');
        },
        PATIENCE,
      );
      await replica.restart();
      // The sentinel would do this too, 10 s later.
      await replica.admin.call('REPLICAOF', '127.0.0.1', String(port));
      await until('the old master follows', () => isFollowing(replica), PATIENCE);
      await until(
        'the sentinel knows it',
        async () => {
          const known = String(await group.sentinel.admin.call('SENTINEL', 'REPLICAS', 'main'));
          return known.includes(`127.0.0.1:${replica.port}`) && !/s_down|o_down|disconnected/.test(known);
        },
        PATIENCE,
      );
    },
    dispose: () => group.destroy(),
  };
}

/** Relays that find their server through a Sentinel. Ports in this process use one server. */
export const sentinelUnderTest: StoreUnderTest = {
  ...redisUnderTest,
  name: 'sentinel',
  relays: RELAYS,
  openPlace: openSentinelPlace,
};
