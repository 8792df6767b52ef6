import { Tail, type Absent, type TailContext } from './tail.ts';

/** A tail and the number of its holders. */
export interface Watched {
  readonly tail: Tail;
  /** Open streams, including those that are being opened. */
  holders: number;
  /** Tick at which the last holder left. */
  leftAt: number;
}

/** The tails of one process, one for each session that is watched. */
export interface TailRegistry {
  readonly isEmpty: boolean;
  /**
   * The tail of a session, opened by the first caller and given back by `release`; or the reason why there is none.
   * @throws StoreError
   */
  hold(sessionId: string, tick: number): Promise<Watched | Absent>;
  /** Gives a tail back; the last holder closes it, unless its frames are cached. */
  release(watched: Watched, tick: number): void;
  /** Passes the tick to all tails, and closes those that nobody has held for a while. */
  onTick(tick: number): void;
  /** Closes the tails that nobody holds. */
  closeIdle(): void;
}

/** Ticks that a tail with cached frames stays open after its last viewer has left, for a reload of the page. */
const KEEP_TICKS = 20;

/** Creates a registry without tails. */
export function createTailRegistry(context: TailContext): TailRegistry {
  const watched = new Map<string, Watched>();
  let slots = 0;

  function close({ tail }: Watched): void {
    if (watched.get(tail.sessionId)?.tail === tail) watched.delete(tail.sessionId);
    tail.close();
  }

  function release(one: Watched, tick: number): void {
    one.holders -= 1;
    if (one.holders > 0) return;
    one.leftAt = tick;
    if (!context.cache.has(one.tail.sessionId)) close(one);
  }

  function find(sessionId: string, tick: number): Watched {
    const found = watched.get(sessionId);
    // An ended tail belongs to its holders alone: the session may have begun anew.
    if (found && !found.tail.hasEnded) return found;
    const made = { tail: new Tail(context, sessionId, { slot: slots++, tick }), holders: 0, leftAt: 0 };
    watched.set(sessionId, made);
    return made;
  }

  return {
    get isEmpty() {
      return watched.size === 0;
    },
    async hold(sessionId, tick) {
      const one = find(sessionId, tick);
      one.holders += 1;
      let absent: Absent | null;
      try {
        absent = await one.tail.open();
      } catch (error) {
        release(one, tick);
        throw error;
      }
      if (absent === null) return one;
      release(one, tick);
      return absent;
    },
    release,
    onTick(tick) {
      for (const one of watched.values()) {
        if (one.holders === 0 && tick - one.leftAt >= KEEP_TICKS) close(one);
        else one.tail.onTick(tick);
      }
    },
    closeIdle() {
      for (const one of watched.values()) if (one.holders === 0) close(one);
    },
  };
}
