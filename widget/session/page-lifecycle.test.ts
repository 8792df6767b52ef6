import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPageLifecycle } from './page-lifecycle.ts';
import type { LifecycleEvent } from './types.ts';

describe('the life of a process without a page', () => {
  it('is always online and visible, and has a line whenever it asks', async () => {
    const lifecycle = createPageLifecycle();
    expect([lifecycle.online, lifecycle.visible]).toEqual([true, true]);
    expect(() => lifecycle.subscribe(() => {})()).not.toThrow();
    expect(await lifecycle.reserveLine('shown')).not.toBeNull();
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

  it.each([
    ['hidden', 2],
    ['shown', 3],
  ] as const)('gives %s pages %i places, and another only when one gives its own back', async (kind, count) => {
    const pages = Array.from({ length: count + 1 }, () => createPageLifecycle());
    const places = await Promise.all(pages.map((own) => own.reserveLine(kind)));
    expect(places.filter((release) => release !== null)).toHaveLength(count);
    expect(places.at(-1)).toBeNull();
    places[0]?.();
    await vi.waitFor(async () => expect(await pages.at(-1)?.reserveLine(kind)).not.toBeNull());
  });

  it('has places for pages on view alone where pages cannot agree, or may not', async () => {
    delete browser.locks;
    const lifecycle = createPageLifecycle();
    expect(await lifecycle.reserveLine('hidden')).toBeNull();
    expect(await lifecycle.reserveLine('shown')).not.toBeNull();
    browser.locks = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) };
    expect(await lifecycle.reserveLine('hidden')).toBeNull();
    expect(await lifecycle.reserveLine('shown')).not.toBeNull();
  });
});

/** The part of the Web Locks API that is used: `ifAvailable`, held until the callback's promise settles. */
function createLocks(): Pick<LockManager, 'request'> {
  const held = new Set<string>();
  const request = async (name: string, _: LockOptions, callback: (lock: Lock | null) => unknown): Promise<unknown> => {
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
