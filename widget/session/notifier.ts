/** A value that is computed when it is asked for, and those who want to hear that it has changed. */
export interface Notifier<Value> {
  readonly value: Value;
  /** What the value is computed from has changed. */
  changed(): void;
  subscribe(listener: (value: Value) => void): () => void;
}

/** Listeners are called at most once per microtask, however often something changed: a burst costs one render. */
export function createNotifier<Value extends object>(compute: () => Value): Notifier<Value> {
  const listeners = new Set<(value: Value) => void>();
  let value: Value | null = null;
  let queued = false;

  function tell(): void {
    queued = false;
    const now = (value ??= compute());
    for (const listener of [...listeners]) {
      try {
        listener(now);
      } catch (error) {
        // One listener's fault is its own: told to whoever watches for it, and the others are called all the same.
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
      queueMicrotask(tell);
    },
    subscribe(listener) {
      // Wrapped, so that one function subscribed twice is called twice and each end ends its own.
      const own = (now: Value): void => listener(now);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
