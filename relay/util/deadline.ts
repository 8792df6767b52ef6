/**
 * A timeout that is started and stopped for each token: cheap, because it sets a timer only when the last one has fired
 * or the new deadline is earlier.
 */
export interface Deadline {
  /** Starts the timeout, in ms from now. Replaces one that is running. */
  begin(ms: number): void;
  /** Stops the timeout. */
  end(): void;
  /** Stops the timeout and clears its timer, which would otherwise keep the process alive. */
  stop(): void;
}

/** @param onLate called once for each timeout that is not stopped in time. */
export function createDeadline(onLate: () => void): Deadline {
  /** When the timeout is over, on the monotonic clock; null while it is stopped. */
  let lateAt: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires, on the monotonic clock. */
  let timerAt = Infinity;

  function set(at: number, ms: number): void {
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(check, ms);
  }

  function check(): void {
    timerAt = Infinity;
    if (lateAt === null) return;
    const left = lateAt - performance.now();
    if (left > 0) {
      set(lateAt, left);
      return;
    }
    lateAt = null;
    onLate();
  }

  return {
    begin(ms) {
      lateAt = performance.now() + ms;
      if (lateAt < timerAt) set(lateAt, ms);
    },
    end() {
      lateAt = null;
    },
    stop() {
      lateAt = null;
      clearTimeout(timer);
      timerAt = Infinity;
    },
  };
}
