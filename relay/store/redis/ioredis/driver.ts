import type { Logger } from '../../../util/logger.ts';
import { flag } from '../../../util/settings.ts';
import { defineStoreDriver, type SharedCounters } from '../../store-driver.ts';
import { keyPrefix } from '../key-prefix.ts';
import { parseRedisAddress, type RedisAddress } from './redis-address.ts';

/** Redis or Valkey over TCP: one server, behind Sentinels, or a Cluster. */
export const redisDriver = defineStoreDriver({
  schemes: ['redis', 'rediss', 'redis-cluster', 'redis-sentinel'],
  forms: [
    'redis://[user:password@]host:port',
    'rediss://…',
    'redis-cluster://host:port,host:port',
    'redis-sentinel://host:port,host:port/name',
  ],
  isShared: true,
  settings: { KEY_PREFIX: keyPrefix, ALLOW_EVICTION: flag() },
  accepts: (url) => parseRedisAddress(url) !== null,
  locate(url, { KEY_PREFIX: prefix, ALLOW_EVICTION: allowEviction }) {
    const address = parseRedisAddress(url);
    if (!address) throw new TypeError('the address was not accepted');
    return {
      label: address.label,
      async open(options) {
        const { openRedisStore } = await import('./open-redis-store.ts');
        return openRedisStore({ url, prefix, allowEviction, ...options });
      },
      openCounters: (logger) => openCounters(address, prefix, logger),
    };
  },
});

/** While Redis is away each counter counts in this process's memory. */
async function openCounters(address: RedisAddress, prefix: string, logger: Logger): Promise<SharedCounters> {
  const [{ connectCommands }, { RateLimiterMemory, RateLimiterRedis }] = await Promise.all([
    import('./connect.ts'),
    import('rate-limiter-flexible'),
  ]);
  const client = connectCommands(address);
  client.on('error', (error: unknown) => logger.debug({ err: error }, 'The connection that counts prompts is broken'));
  // The client reconnects by itself.
  client.connect().catch((error: unknown) => logger.debug({ err: error }, 'Prompts are counted by this relay alone'));
  return {
    create: ({ keyPrefix, ...window }) =>
      new RateLimiterRedis({
        ...window,
        keyPrefix: `${prefix}:limit:${keyPrefix}`,
        storeClient: client,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory(window),
      }),
    close: () => client.disconnect(),
  };
}
