import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep, until } from '#testkit/wait.ts';
import type { FailoverPlace } from './failover-place.ts';
import { RELAY_SECRET, RELAYS } from './redis.ts';

const ARGS = ['--repl-diskless-sync-delay', '0', '--repl-diskless-load', 'swapdb'];

/** A master and its replica. The relays' proxies lead to the master, as a host name does that is moved. */
export async function openReplicatedPlace(): Promise<FailoverPlace> {
  let [master, replica] = [await startRedis({ args: ARGS }), await startRedis({ args: ARGS })];
  await follow(replica, master);
  const links = await Promise.all(Array.from({ length: RELAYS }, () => openTcpProxy(() => master.port)));
  return {
    settings: { RELAY_SECRET },
    settingsOf: (relay) => ({ STORE: `redis://127.0.0.1:${(links[relay % RELAYS] ?? master).port}` }),
    runBy: [],

    async failOver(lostMs) {
      await replica.admin.call('REPLICAOF', 'NO', 'ONE');
      await sleep(lostMs);
      for (const link of links) link.goDown();
      [master, replica] = [replica, master];
      await replica.kill();
      for (const link of links) link.restore();
      await replica.restart();
      await follow(replica, master);
    },

    async dispose() {
      await Promise.all(links.map((link) => link.close()));
      await Promise.all([master.destroy(), replica.destroy()]);
    },
  };
}

async function follow(replica: RedisProcess, master: RedisProcess): Promise<void> {
  await replica.admin.call('REPLICAOF', '127.0.0.1', String(master.port));
  await until('the replica follows', async () => isFollowing(replica));
}

export async function isFollowing(replica: RedisProcess): Promise<boolean> {
  return (await replica.admin.info('replication')).includes('master_link_status:up');
}

/** Kills the master after it wrote for so many ms without its replica. Does not promote the replica. */
export async function killWithLostTail(master: RedisProcess, replica: RedisProcess, lostMs: number): Promise<void> {
  replica.signal('SIGSTOP');
  // Otherwise the replica, once awake, would read what its socket has received.
  await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
  await sleep(lostMs);
  await master.kill();
  replica.signal('SIGCONT');
}
