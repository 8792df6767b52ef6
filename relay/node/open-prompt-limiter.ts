import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { createPromptLimiter } from '../limits/create-prompt-limiter.ts';
import type { PromptLimiter, PromptLimits } from '../limits/prompt-limiter.ts';
import type { Logger } from '../util/logger.ts';
import type { StoreConfig } from './open-store.ts';

export interface OpenedPromptLimiter {
  limiter: PromptLimiter;
  /** Idempotent. */
  close(): void;
}

/**
 * Limits the prompts a minute: of all relays that share a Redis together, else of this process. While Redis is away
 * each relay counts for itself. Over REST, where each count would be two more requests a prompt, it always does.
 */
export async function openPromptLimiter(
  store: StoreConfig,
  limits: PromptLimits,
  logger: Logger,
): Promise<OpenedPromptLimiter> {
  const isLimited = limits.perSession > 0 || limits.perAddress > 0;
  if (store.kind !== 'redis' || !isLimited) return { limiter: createPromptLimiter(limits), close: () => {} };

  const { connectCommands } = await import('../store/redis/ioredis/connect.ts');
  const { parseRedisAddress } = await import('../store/redis/ioredis/redis-address.ts');
  const address = parseRedisAddress(store.url);
  if (!address) throw new TypeError('the address of the store is none of a Redis');
  const client = connectCommands(address);
  client.on('error', (error: unknown) => logger.debug({ err: error }, 'The connection that counts prompts is broken'));
  // It goes on trying by itself; until then the memory counts.
  client.connect().catch((error: unknown) => logger.debug({ err: error }, 'Prompts are counted by this relay alone'));

  const limiter = createPromptLimiter(limits, ({ keyPrefix, ...window }) => {
    return new RateLimiterRedis({
      ...window,
      keyPrefix: `${store.prefix}:limit:${keyPrefix}`,
      storeClient: client,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(window),
    });
  });
  return { limiter, close: () => client.disconnect() };
}
