import { StoreError } from '../store-error.ts';

/**
 * Bounds how much work is in flight: more is refused at once.
 *
 * @param max pieces of work that may wait for their end at a time.
 * @returns runs a piece of work. Rejects with a StoreError `store-unavailable` when it refuses, else as the work does.
 */
export function limitInFlight(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  let inFlight = 0;
  return async (work) => {
    if (inFlight >= max) throw new StoreError('store-unavailable', 'too many operations wait for the store');
    inFlight += 1;
    try {
      return await work();
    } finally {
      inFlight -= 1;
    }
  };
}
