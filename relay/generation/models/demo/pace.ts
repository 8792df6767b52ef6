import { sleep } from '../../../util/sleep.ts';

/** The most delay that one call makes up for, in ms: more would be a burst and not a stream. */
const MAX_DEBT_MS = 1000;

/** Says when tokens are due at a set pace. Late timers are made up for, so the pace holds on average. */
export interface Pace {
  /** Waits until a token is due, and resolves with how many are. Rejects with the signal's reason when that aborts. */
  due(signal: AbortSignal): Promise<number>;
}

/** A pace that begins now. */
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

/** Cuts text into pieces of about a token: a word with the white space after it; long words in several pieces. */
export function* toTokens(text: string): Generator<string> {
  for (const [piece] of text.matchAll(/\s*\S{1,12}(?:(?!\S)[^\S\n]*\n*)?|\s+$/gu)) yield piece;
}

/** How many pieces `toTokens` makes of the text. */
export function countTokens(text: string): number {
  let count = 0;
  for (const _ of toTokens(text)) count += 1;
  return count;
}
