import { Tail, type Absent, type TailContext } from './tail.ts';

/** A tail and who holds it. */
export interface Watched {
  readonly tail: Tail;
  /** Streams that hold it open, those that are only being opened included. */
  holders: number;
  /** Tick at which the last of them let go. */
  leftAt: number;
}

/** The tails of one process, one for each session that is watched. */
export interface TailRegistry {
  readonly isEmpty: boolean;
  /**
   * The tail of a session, opened by whoever comes first; to be given back by `release`. Or why there is none.
   * @throws StoreError
   */
  hold(sessionId: string, tick: number): Promise<Watched | Absent>;
  release(watched: Watched, tick: number): void;
  /** Passes the tick on, and lets go of tails that were kept for nobody. */
  onTick(tick: number): void;
  /** Lets go of those that nobody holds. */
  closeIdle(): void;
}

/** Ticks for which a tail stays whose session has cached frames when its last viewer has left: a reload brings it back. */
const KEEP_TICKS = 20;

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
    // One whose session is gone is left to those who hold it: the session may have begun anew.
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
