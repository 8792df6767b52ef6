import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPageLifecycle } from './page-lifecycle.ts';
import type { LifecycleEvent } from './types.ts';

describe('the life of a process without a page', () => {
  it('is always online and visible, without places for hidden lines', async () => {
    const lifecycle = createPageLifecycle();
    expect([lifecycle.online, lifecycle.visible]).toEqual([true, true]);
    expect(() => lifecycle.subscribe(() => {})()).not.toThrow();
    expect(await lifecycle.reserveHiddenLine()).toBeNull();
  });
});

describe('the life of a page', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const window = new EventTarget();
  const browser: { onLine: boolean; locks?: Pick<LockManager, 'request'> } = { onLine: true };

  beforeEach(() => {
    Object.assign(browser, { onLine: true, locks: createLocks() });
    vi.stubGlobal('document', page);
    vi.stubGlobal('window', window);
    vi.stubGlobal('navigator', browser);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('says what the browser says', () => {
    const lifecycle = createPageLifecycle();
    expect([lifecycle.online, lifecycle.visible]).toEqual([true, true]);
    browser.onLine = false;
    page.visibilityState = 'hidden';
    expect([lifecycle.online, lifecycle.visible]).toEqual([false, false]);
  });

  it('tells of the network, of being hidden and shown, and of coming back from the cache, until it is told not to', () => {
    const events: LifecycleEvent[] = [];
    const end = createPageLifecycle().subscribe((event) => events.push(event));
    const emitAll = (): void => {
      window.dispatchEvent(new Event('offline'));
      window.dispatchEvent(new Event('online'));
      page.visibilityState = 'hidden';
      page.dispatchEvent(new Event('visibilitychange'));
      page.visibilityState = 'visible';
      page.dispatchEvent(new Event('visibilitychange'));
      window.dispatchEvent(new Event('pageshow'));
    };
    emitAll();
    expect(events).toEqual(['offline', 'online', 'hidden', 'shown', 'shown']);
    end();
    emitAll();
    expect(events).toHaveLength(5);
  });

  it('gives two pages a place, and a third only when one gives its own back', async () => {
    const pages = [createPageLifecycle(), createPageLifecycle(), createPageLifecycle()];
    const places = await Promise.all(pages.map((own) => own.reserveHiddenLine()));
    expect(places.map((release) => release !== null)).toEqual([true, true, false]);
    places[0]?.();
    await vi.waitFor(async () => expect(await pages[2]?.reserveHiddenLine()).not.toBeNull());
  });

  it('has no places where pages cannot agree, or may not', async () => {
    delete browser.locks;
    expect(await createPageLifecycle().reserveHiddenLine()).toBeNull();
    browser.locks = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) };
    expect(await createPageLifecycle().reserveHiddenLine()).toBeNull();
  });
});

/** The part of the Web Locks API that is used: `ifAvailable`, held until the callback's promise settles. */
function createLocks(): Pick<LockManager, 'request'> {
  const held = new Set<string>();
  const request = async (
    name: string,
    _: LockOptions,
    callback: (lock: Lock | null) => unknown,
  ): Promise<unknown> => {
    await Promise.resolve();
    if (held.has(name)) return callback(null);
    held.add(name);
    try {
      return await callback({ name, mode: 'exclusive' });
    } finally {
      held.delete(name);
    }
  };
  return { request: request as LockManager['request'] };
}
