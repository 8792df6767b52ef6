import type { SessionStore } from './session-store.ts';
import { StoreError } from './store-error.ts';

/** Whether the store can be reached. */
export interface StoreHealth {
  /** Tells of an error of an operation; one of `store-unavailable` makes the store count as down. */
  note(error: unknown): void;
  /**
   * Resolves at once unless the store counts as down; then it asks the store, once for all who wait.
   * @throws StoreError `store-unavailable`
   */
  reachable(): Promise<void>;
  /**
   * Asks the store, once for all who ask at the same time.
   * @throws StoreError `store-unavailable`
   */
  check(): Promise<void>;
}

/**
 * Remembers that the store could not be reached. Requests are then refused before anything else is checked, and a store
 * in trouble is asked one question at a time.
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
