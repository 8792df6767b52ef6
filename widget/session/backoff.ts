/** The first wait is drawn from 0 to this, each further one from 0 to twice the bound before. */
const FIRST_MS = 300;
/** The bound rests here until so many failures: a relay that was killed and started again is back within seconds. */
const QUICK_MS = 2_000;
const QUICK_FAILURES = 10;
const LONGEST_MS = 15_000;
/** A `Retry-After` beyond this is cut down to it, so that a mistaken header never parks a visitor for a day. */
export const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

/**
 * How long to wait after so many failures in a row, in ms: drawn from 0 up to a bound, so that all the viewers of a
 * relay that died do not come back at the same moment. The bound grows quickly to 2 s, rests there for some ten
 * seconds, and grows on to 15 s for a relay that stays away.
 */
export function backoffMs(failures: number): number {
  const quickMs = Math.min(QUICK_MS, FIRST_MS * 2 ** Math.min(failures, 3));
  const lateMs = QUICK_MS * 2 ** Math.min(failures - QUICK_FAILURES, 3);
  return Math.random() * Math.min(LONGEST_MS, Math.max(quickMs, lateMs));
}

export interface Wait {
  /** Never cut short, neither by `wake`: what the relay asked for. In ms. */
  atLeastMs: number;
  /** Added to it, and ended by `wake`. In ms. */
  upToMs: number;
}

/** A wait that can be ended early, because the network is back or the page is shown again. */
export interface Pause {
  /** Resolves when the time is over, when woken, or when the signal aborts; never rejects. */
  wait(time: Wait, signal: AbortSignal): Promise<void>;
  wake(): void;
}

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
          // Not longer than it was asked for, should the clock have been set back.
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
