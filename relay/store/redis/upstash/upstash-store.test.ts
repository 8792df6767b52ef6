import { afterAll, beforeAll } from 'vitest';
import { newId } from '#shared/ids.ts';
import { describeStore } from '../../testing/conformance/describe-store.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { openUpstashStore } from './open-upstash-store.ts';
import { startRestBridge, type RestBridge } from '#testkit/processes/redis/rest-bridge.ts';

let server: RedisProcess;
let bridge: RestBridge;
beforeAll(async () => {
  server = await startRedis();
  bridge = await startRestBridge(server.url);
});
afterAll(async () => {
  await bridge.close();
  await server.destroy();
});

describeStore(
  'upstash',
  async (options) => {
    let ahead = 0;
    const { url, token } = bridge;
    const store = await openUpstashStore({ ...options, url, token, prefix: newId(), clockOffset: () => ahead });
    return {
      store,
      advance: async (ms) => void (ahead += ms),
      destroy: () => store.close(),
    };
  },
  // Every operation is an HTTP request, so fewer sequences are tried.
  { runs: 25 },
);
