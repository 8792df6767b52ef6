import type { Logger } from '../util/logger.ts';
import type { Unfollow } from './session-store.ts';

/** The listeners of `SessionStore.followDue`. */
export interface DueListeners {
  add(listener: () => void): Unfollow;
  /** Calls every listener. One that throws is logged, and keeps no other from being called. */
  notify(): void;
  readonly size: number;
  clear(): void;
}

/** An empty set of listeners. */
export function createDueListeners(logger: Logger | undefined): DueListeners {
  // Objects, and not functions: the same listener may follow twice.
  const entries = new Set<{ readonly listener: () => void }>();
  return {
    add(listener) {
      const entry = { listener };
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    notify() {
      // A copy: a listener may leave, or bring another one, while it is called.
      for (const { listener } of [...entries]) {
        try {
          listener();
        } catch (error) {
          logger?.error({ err: error }, 'A listener for due runs failed');
        }
      }
    },
    get size() {
      return entries.size;
    },
    clear: () => entries.clear(),
  };
}
