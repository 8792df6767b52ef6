import type { SessionStore } from './session-store.ts';
import { StoreError } from './store-error.ts';

export interface StoreHealth {
  /** Notes that something the store was asked has failed. */
  note(error: unknown): void;
  /**
   * Resolves at once while nothing is known to be wrong; else asks the store, once for all who wait.
   * @throws StoreError `store-unavailable`
   */
  reachable(): Promise<void>;
  /**
   * Asks the store in any case, once for all who ask at the same time.
   * @throws StoreError `store-unavailable`
   */
  check(): Promise<void>;
}

/**
 * Remembers that the store could not be reached, so that requests are refused for that before anything else is looked
 * at, and a store in trouble is asked one question at a time.
 */
export function createStoreHealth(store: SessionStore): StoreHealth {
  let isDown = false;
  let asking: Promise<void> | null = null;

  function check(): Promise<void> {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  }

  async function ask(): Promise<void> {
    await store.check();
    isDown = false;
  }

  return {
    note(error) {
      if (error instanceof StoreError && error.code === 'store-unavailable') isDown = true;
    },
    reachable: () => (isDown ? check() : Promise.resolve()),
    check,
  };
}
