import { sleep } from '../../../util/time.ts';

/** What one call may catch up after it was held up, in ms: more would be a burst and no stream. */
const MAX_DEBT_MS = 1000;

/**
 * Tells when tokens are due at a set pace. What timers are late by is made up for, so that the pace holds on average.
 * Each pace stands for itself: many may run side by side.
 */
export interface Pace {
  /** Waits until at least one more token is due; resolves with how many are. Rejects with the signal's reason. */
  due(signal: AbortSignal): Promise<number>;
}

export function createPace(tokensPerSecond: number): Pace {
  const msPerToken = 1000 / tokensPerSecond;
  let nextAt = performance.now() + msPerToken;
  return {
    async due(signal) {
      const wait = nextAt - performance.now();
      if (wait > 0) await sleep(wait, signal);
      signal.throwIfAborted();
      const now = performance.now();
      nextAt = Math.max(nextAt, now - MAX_DEBT_MS);
      // A timer may fire a moment early.
      const tokens = Math.max(1, 1 + Math.floor((now - nextAt) / msPerToken));
      nextAt += tokens * msPerToken;
      return tokens;
    },
  };
}

/** Text in pieces of about a token: a word with the white space after it, long words in several. */
export function* toTokens(text: string): Generator<string> {
  for (const [piece] of text.matchAll(/\s*\S{1,12}(?:(?!\S)[^\S\n]*\n*)?|\s+$/gu)) yield piece;
}

export function countTokens(text: string): number {
  let count = 0;
  for (const _ of toTokens(text)) count += 1;
  return count;
}
