import { StoreError } from '../store-error.ts';

/**
 * Runs work until so much of it waits for its end; more is refused at once, so that what waits has a bound.
 *
 * @throws StoreError `store-unavailable` when it refuses; what the work throws.
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
