/** Upper bound of the first wait; doubled with each further failure. */
const FIRST_MS = 300;
/** The bound stays here until QUICK_FAILURES: a relay that was killed and restarted is back within seconds. */
const QUICK_MS = 2_000;
const QUICK_FAILURES = 10;
const LONGEST_MS = 15_000;
/** Longest `Retry-After` honoured, so that a mistaken header never parks a visitor for a day. */
export const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

/**
 * Wait before the next retry after `failures` in a row, in ms: random from 0 to a bound, so that the viewers of a relay
 * that died do not all return at once. The bound grows to 2 s, stays there for about ten seconds, and grows to 15 s for
 * a relay that stays away. (relay/util/time.ts has the relay's own backoff, which waits at least three quarters.)
 */
export function backoffMs(failures: number): number {
  const quickMs = Math.min(QUICK_MS, FIRST_MS * 2 ** Math.min(failures, 3));
  const lateMs = QUICK_MS * 2 ** Math.min(failures - QUICK_FAILURES, 3);
  return Math.random() * Math.min(LONGEST_MS, Math.max(quickMs, lateMs));
}

/** How long a pause waits: `atLeastMs`, then up to `upToMs` more. */
export interface Wait {
  /** What the relay asked for; not shortened by `wake`. In ms. */
  atLeastMs: number;
  /** Further wait, ended by `wake`. In ms. */
  upToMs: number;
}

/** A wait that can be ended early, when the network is back or the page is shown again. */
export interface Pause {
  /** Resolves after the time, when woken, or when the signal aborts. Never rejects. */
  wait(time: Wait, signal: AbortSignal): Promise<void>;
  wake(): void;
}

/** A pause that several waits can share: `wake` ends all of them. */
export function createPause(): Pause {
  const wakers = new Set<() => void>();
  return {
    wait({ atLeastMs, upToMs }, signal) {
      if (signal.aborted) return Promise.resolve();
      const least = Math.min(atLeastMs, LONGEST_RETRY_AFTER_MS);
      const notBefore = Date.now() + least;
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          wakers.delete(wake);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const wake = (): void => {
          clearTimeout(timer);
          // At most the time asked for, should the clock have been set back.
          timer = setTimeout(end, Math.min(least, notBefore - Date.now()));
        };
        let timer = setTimeout(end, least + upToMs);
        wakers.add(wake);
        signal.addEventListener('abort', end);
      });
    },
    wake() {
      for (const wake of wakers) wake();
    },
  };
}
