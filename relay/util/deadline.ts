/**
 * Calls back when what was begun has not ended in time. For what begins and ends all the time: a timer is set only as
 * often as the time may be up, and not for each beginning.
 */
export interface Deadline {
  /** It must end within so many ms from now. Begun again, only the new time counts. */
  begin(ms: number): void;
  end(): void;
  /** Leaves no timer behind. */
  stop(): void;
}

export function createDeadline(onLate: () => void): Deadline {
  /** On the monotonic clock; null while nothing has to end. */
  let lateAt: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
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
