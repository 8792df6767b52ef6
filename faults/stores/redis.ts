import { newId } from '#shared/ids.ts';
import { openRedisStore } from '#relay/store/redis/ioredis/open-redis-store.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import type { SharedPlace, SmallPlace, StoreUnderTest } from '../harness/store-under-test.ts';

/** Relays of one place; each has a proxy of its own to the server. */
export const RELAYS = 3;

/** Signs the tokens of all relays of a place. */
export const RELAY_SECRET = 'of all relays that share a store';

/** Settings by which Redis syncs every write to the disk before it acknowledges it. */
export const AOF_ALWAYS: readonly string[] = ['--appendonly', 'yes', '--appendfsync', 'always'];

export async function openRedisPlace(args: readonly string[] = AOF_ALWAYS): Promise<SharedPlace> {
  const server = await startRedis({ args: [...args] });
  const links = await Promise.all(Array.from({ length: RELAYS }, () => openTcpProxy(server.port)));
  return {
    server,
    links,
    settings: { RELAY_SECRET },
    settingsOf: (relay) => ({ STORE: `redis://127.0.0.1:${(links[relay % RELAYS] ?? server).port}` }),
    runBy: [],
    async dispose() {
      await Promise.all(links.map((link) => link.close()));
      await server.destroy();
    },
  };
}

export function limitMemory(place: SharedPlace): SmallPlace {
  const { admin } = place.server;
  return {
    ...place,
    means: 'maxmemory',
    refusal: 'store-full',
    async fill(leftBytes) {
      const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]);
      await admin.config('SET', 'maxmemory', String(used + Math.round(leftBytes)));
    },
    async makeRoom() {
      await admin.config('SET', 'maxmemory', '0');
    },
  };
}

/** The server of all ports of this process; each port has a key prefix of its own. */
let shared: Promise<RedisProcess> | null = null;

/** One redis-server that several relays share, and that loses nothing it acknowledged. */
export const redisUnderTest: StoreUnderTest = {
  name: 'redis',
  relays: RELAYS,

  async openPort(options) {
    shared ??= startRedis();
    const server = await shared;
    let offsetMs = 0;
    const store = await openRedisStore({ ...options, url: server.url, prefix: newId(), clockOffset: () => offsetMs });
    return {
      store,
      // oxlint-disable-next-line require-await
      async advance(ms) {
        offsetMs += ms;
      },
      destroy: () => store.close(),
    };
  },

  openPlace: () => openRedisPlace(),
  openSharedPlace: () => openRedisPlace(),
  openSmallPlace: async () => limitMemory(await openRedisPlace()),

  async close() {
    const server = await shared;
    shared = null;
    await server?.destroy();
  },
};
