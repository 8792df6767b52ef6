import type { Lifecycle, LifecycleEvent } from './types.ts';

/**
 * How many hidden pages of one browser may keep a line while a reply is being written. Over HTTP/1.1 a browser has
 * six connections to a relay for all its tabs: two for these, the rest for what is on view and for requests.
 */
const HIDDEN_LINES = 2;

/** The life of the browser's page; that of a process without one is always online and visible. */
export function createPageLifecycle(): Lifecycle {
  if (typeof document === 'undefined') {
    return { online: true, visible: true, subscribe: () => () => {}, reserveHiddenLine: () => Promise.resolve(null) };
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
    async reserveHiddenLine() {
      // Only in secure contexts. Without them pages cannot agree, and a hidden one lets go.
      if (!('locks' in navigator)) return null;
      for (let place = 1; place <= HIDDEN_LINES; place++) {
        const release = await tryLock(`resumable-chat:hidden-line:${place}`);
        if (release) return release;
      }
      return null;
    },
  };
}

/** The function that gives the lock back; null when another page has it, or when locks are forbidden here. */
function tryLock(name: string): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    });
    held.catch(() => resolve(null));
  });
}
