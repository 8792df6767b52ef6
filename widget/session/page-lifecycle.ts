import type { Lifecycle, LifecycleEvent } from './types.ts';

/**
 * How many pages of one browser may keep a line, those on view and the hidden ones on which a reply is being written.
 * Over HTTP/1.1 a browser has six connections to a relay for all its tabs: one is left for requests, and for those
 * that look in now and then.
 */
const LINES = { shown: 3, hidden: 2 } as const;

/** The life of the browser's page; that of a process without one is always online and visible. */
export function createPageLifecycle(): Lifecycle {
  if (typeof document === 'undefined') {
    return { online: true, visible: true, subscribe: () => () => {}, reserveLine: () => Promise.resolve(() => {}) };
  }
  return {
    get online() {
      return navigator.onLine;
    },
    get visible() {
      return document.visibilityState === 'visible';
    },
    subscribe(listener) {
      const events = new AbortController();
      const { signal } = events;
      const on = (target: EventTarget, type: string, event: () => LifecycleEvent): void =>
        target.addEventListener(type, () => listener(event()), { signal });
      const shownOrHidden = (): LifecycleEvent => (document.visibilityState === 'visible' ? 'shown' : 'hidden');
      on(window, 'online', () => 'online');
      on(window, 'offline', () => 'offline');
      on(window, 'pageshow', shownOrHidden);
      on(document, 'visibilitychange', shownOrHidden);
      return () => events.abort();
    },
    async reserveLine(kind) {
      for (let place = 1; place <= LINES[kind]; place++) {
        const release = await tryLock(`resumable-chat:${kind}-line:${place}`);
        // Where pages cannot agree, those on view keep their lines, and the hidden ones let go.
        if (release === 'no-locks') return kind === 'shown' ? () => {} : null;
        if (release) return release;
      }
      return null;
    },
  };
}

/** The function that gives the lock back; null when another page has it. Locks are there in secure contexts only. */
function tryLock(name: string): Promise<(() => void) | 'no-locks' | null> {
  if (!('locks' in navigator)) return Promise.resolve('no-locks');
  return new Promise((resolve) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    });
    held.catch(() => resolve('no-locks'));
  });
}
