import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { PromptLimiter, PromptLimits } from './prompt-limiter.ts';

const MINUTE_SECONDS = 60;

/** One of the two counters: how many `points` in so many seconds, and what tells its keys from the other's. */
export interface CounterOptions {
  points: number;
  duration: number;
  keyPrefix: 'session' | 'address';
}

/**
 * Counts accepted prompts in windows of a minute that begin with the first: in the memory of this process, or where
 * `makeCounter` counts.
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

/** Null when it was counted; else the milliseconds until the next window. */
async function consume(counter: RateLimiterAbstract, key: string): Promise<number | null> {
  try {
    await counter.consume(key);
    return null;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    // The library counts refused attempts too; only accepted prompts count here.
    await counter.reward(key);
    return refusal.msBeforeNext;
  }
}
