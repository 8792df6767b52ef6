/** A value computed on demand, with subscribers. */
export interface Notifier<Value> {
  readonly value: Value;
  /** To be called when the inputs of the value have changed. */
  changed(): void;
  /** Returns the function that unsubscribes. */
  subscribe(listener: (value: Value) => void): () => void;
}

/** Calls listeners at most once per microtask, however often the value changed: a burst costs one render. */
export function createNotifier<Value extends object>(compute: () => Value): Notifier<Value> {
  const listeners = new Set<(value: Value) => void>();
  let value: Value | null = null;
  let queued = false;

  function notify(): void {
    queued = false;
    const now = (value ??= compute());
    for (const listener of [...listeners]) {
      try {
        listener(now);
      } catch (error) {
        // An error of one listener is thrown where `error` events are seen; the others are still called.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  return {
    get value() {
      return (value ??= compute());
    },
    changed() {
      value = null;
      if (queued) return;
      queued = true;
      queueMicrotask(notify);
    },
    /** Returns the function that unsubscribes. */
    subscribe(listener) {
      // Wrapped, so that a function subscribed twice is called twice, and unsubscribed once at a time.
      const own = (now: Value): void => listener(now);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
