import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { PromptLimiter, PromptLimits } from './prompt-limiter.ts';

const MINUTE_SECONDS = 60;

/** Counts in the memory of this process, in windows of a minute that begin with the first prompt. */
export function createMemoryPromptLimiter({ perSession, perAddress }: PromptLimits): PromptLimiter {
  const bySession = perSession > 0 ? new RateLimiterMemory({ points: perSession, duration: MINUTE_SECONDS }) : null;
  const byAddress = perAddress > 0 ? new RateLimiterMemory({ points: perAddress, duration: MINUTE_SECONDS }) : null;

  return {
    async take(sessionId, address) {
      const counted: { limiter: RateLimiterMemory; key: string }[] = [];
      const giveBack = async () => {
        for (const { limiter, key } of counted.splice(0)) await limiter.reward(key);
      };
      const keys = [
        { limiter: bySession, key: sessionId },
        { limiter: byAddress, key: address },
      ];
      for (const { limiter, key } of keys) {
        if (!limiter || key === undefined) continue;
        const retryAfterMs = await consume(limiter, key);
        if (retryAfterMs !== null) {
          await giveBack();
          return { kind: 'limited', retryAfterMs };
        }
        counted.push({ limiter, key });
      }
      return { kind: 'ok', giveBack };
    },
  };
}

/** Null when it was counted; else the milliseconds until the next window. */
async function consume(limiter: RateLimiterMemory, key: string): Promise<number | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    // The library counts refused attempts too; only accepted prompts count here.
    await limiter.reward(key);
    return refusal.msBeforeNext;
  }
}
