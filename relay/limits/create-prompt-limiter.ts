import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { PromptLimiter, PromptLimits } from './prompt-limiter.ts';

const MINUTE_SECONDS = 60;

/** A counter of at most `points` in `duration` seconds. `keyPrefix` tells its keys from those of the other counter. */
export interface CounterOptions {
  points: number;
  duration: number;
  keyPrefix: 'session' | 'address';
}

/**
 * Creates a limiter that counts accepted prompts in windows of a minute, which begin with a first prompt.
 *
 * @param makeCounter - Makes the counters, for relays that count together; in this process's memory when not given.
 * @example
 * const relay = createRelay({ ...options, limiter: createPromptLimiter({ perSession: 20, perAddress: 60 }) });
 */
export function createPromptLimiter(
  { perSession, perAddress }: PromptLimits,
  makeCounter: (options: CounterOptions) => RateLimiterAbstract = (options) => new RateLimiterMemory(options),
): PromptLimiter {
  const make = (points: number, keyPrefix: CounterOptions['keyPrefix']) =>
    points > 0 ? makeCounter({ points, duration: MINUTE_SECONDS, keyPrefix }) : null;
  const bySession = make(perSession, 'session');
  const byAddress = make(perAddress, 'address');

  return {
    async take(sessionId, address) {
      const counted: { counter: RateLimiterAbstract; key: string }[] = [];
      const giveBack = async () => {
        for (const { counter, key } of counted.splice(0)) await counter.reward(key);
      };
      const keys = [
        { counter: bySession, key: sessionId },
        { counter: byAddress, key: address },
      ];
      for (const { counter, key } of keys) {
        if (!counter || key === undefined) continue;
        const retryAfterMs = await consume(counter, key);
        if (retryAfterMs !== null) {
          await giveBack();
          return { kind: 'limited', retryAfterMs };
        }
        counted.push({ counter, key });
      }
      return { kind: 'ok', giveBack };
    },
  };
}

/** Counts one; null, or the ms until the next window when the limit is reached. */
async function consume(counter: RateLimiterAbstract, key: string): Promise<number | null> {
  try {
    await counter.consume(key);
    return null;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    // The library also counts refused attempts; here only accepted prompts count.
    await counter.reward(key);
    return refusal.msBeforeNext;
  }
}
