import type { Lifecycle, LifecycleEvent } from './types.ts';

/**
 * Connections that the visible pages of one browser may keep, and the hidden ones on which a reply is being written. Over
 * HTTP/1.1 a browser has six connections to an origin for all its tabs: one is left for requests and polls.
 */
const LINES = { shown: 3, hidden: 2 } as const;

/** The lifecycle of the browser's page. Without a page (in Node) it is always online and visible. */
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
        // Without locks pages cannot agree: visible ones keep their connections, hidden ones disconnect.
        if (release === 'no-locks') return kind === 'shown' ? () => {} : null;
        if (release) return release;
      }
      return null;
    },
  };
}

/** Answers the function that releases the lock; null when another page holds it. Locks need a secure context. */
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
