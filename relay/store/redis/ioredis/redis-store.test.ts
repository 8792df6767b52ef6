import { afterAll, beforeAll } from 'vitest';
import { newId } from '#shared/ids.ts';
import { describeStore } from '../../testing/conformance/describe-store.ts';
import { openRedisStore } from './open-redis-store.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

describeStore('redis', async (options) => {
  let ahead = 0;
  const store = await openRedisStore({ ...options, url: server.url, prefix: newId(), clockOffset: () => ahead });
  return {
    store,
    advance: async (ms) => void (ahead += ms),
    destroy: () => store.close(),
  };
});
