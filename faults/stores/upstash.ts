import { newId } from '#shared/ids.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { openUpstashStore } from '#relay/store/redis/upstash/open-upstash-store.ts';
import { startRestBridge, type RestBridge } from '#testkit/processes/redis/rest-bridge.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import type { SharedPlace, StoreUnderTest } from '../harness/store-under-test.ts';
import { AOF_ALWAYS, limitMemory, RELAY_SECRET, RELAYS } from './redis.ts';

/** Relays that reach Redis by HTTP, each through a proxy of its own to a bridge that speaks Upstash's REST. */
export async function openUpstashPlace(): Promise<SharedPlace & Required<Pick<SharedPlace, 'bridge'>>> {
  const server = await startRedis({ args: [...AOF_ALWAYS] });
  let bridge = await startRestBridge(server.url);
  const { token } = bridge;
  const port = Number(new URL(bridge.url).port);
  let isUp = true;
  const links = await Promise.all(Array.from({ length: RELAYS }, () => openTcpProxy(port)));
  return {
    server,
    links,
    bridge: {
      loseAnswers: (probability, random) => bridge.loseAnswers(probability, random),
      goAway: (on) => bridge.goAway(on),
      endSubscriptions: () => bridge.endSubscriptions(),
      silence: (on) => bridge.silence(on),
      async kill() {
        if (isUp) await bridge.close();
        isUp = false;
      },
      async restart() {
        if (!isUp) bridge = await startRestBridge(server.url, port);
        isUp = true;
      },
    },
    settings: { RELAY_SECRET, STORE: 'upstash:', UPSTASH_REDIS_REST_TOKEN: token },
    settingsOf: (relay) => ({ UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${links[relay % RELAYS]?.port ?? port}` }),
    runBy: [],
    async dispose() {
      await Promise.all(links.map((link) => link.close()));
      if (isUp) await bridge.close();
      await server.destroy();
    },
  };
}

/** The server and bridge of all ports of this process; each port has a key prefix of its own. */
let shared: Promise<{ server: RedisProcess; bridge: RestBridge }> | null = null;

async function startShared(): Promise<{ server: RedisProcess; bridge: RestBridge }> {
  const server = await startRedis();
  return { server, bridge: await startRestBridge(server.url) };
}

/** The Upstash driver, before a real Redis. */
export const upstashUnderTest: StoreUnderTest = {
  name: 'upstash',
  relays: RELAYS,

  async openPort(options) {
    shared ??= startShared();
    const { url, token } = (await shared).bridge;
    let offsetMs = 0;
    const store = await openUpstashStore({ ...options, url, token, prefix: newId(), clockOffset: () => offsetMs });
    return {
      store,
      // oxlint-disable-next-line require-await
      async advance(ms) {
        offsetMs += ms;
      },
      destroy: () => store.close(),
    };
  },

  openPlace: () => openUpstashPlace(),
  openSharedPlace: () => openUpstashPlace(),
  openSmallPlace: async () => limitMemory(await openUpstashPlace()),

  async close() {
    const opened = await shared;
    shared = null;
    await opened?.bridge.close();
    await opened?.server.destroy();
  },
};
