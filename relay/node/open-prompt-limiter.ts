import { createPromptLimiter } from '../limits/create-prompt-limiter.ts';
import type { PromptLimiter, PromptLimits } from '../limits/prompt-limiter.ts';
import type { StoreLocation } from '../store/store-driver.ts';
import type { Logger } from '../util/logger.ts';

/** A limiter, and the connection that it counts over. */
export interface OpenedPromptLimiter {
  limiter: PromptLimiter;
  /** Idempotent. */
  close(): void;
}

/**
 * Limits the prompts per minute: for all relays of the store together where the store has counters to share, else for
 * this process. While a shared store is away each relay counts by itself.
 */
export async function openPromptLimiter(
  store: StoreLocation,
  limits: PromptLimits,
  logger: Logger,
): Promise<OpenedPromptLimiter> {
  const isLimited = limits.perSession > 0 || limits.perAddress > 0;
  const counters = isLimited ? await store.openCounters?.(logger) : undefined;
  if (!counters) return { limiter: createPromptLimiter(limits), close: () => {} };
  return { limiter: createPromptLimiter(limits, counters.create), close: counters.close };
}
