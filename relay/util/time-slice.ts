import { atEndOfTick } from './end-of-tick.ts';

/** How long work goes on before others are served, in ms. A slice is in time for a promise of 50 ms with room for others. */
const SLICE_MS = 10;

/** The turn that was given out last. */
let lastTurn: Promise<void> = Promise.resolve();

/**
 * Cuts long work into slices, between which the event loop serves others. Works that wait go on one per turn of the
 * loop, so that many at once hold it up no longer than one.
 *
 * @returns a function to call between two small steps of the work: null to go on at once, else a promise to await.
 * @example
 * const pause = createTimeSlice();
 * for (const entry of entries) {
 *   await pause();
 *   fold.add(entry);
 * }
 */
export function createTimeSlice(): () => Promise<void> | null {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return null;
    lastTurn = lastTurn.then(() => new Promise<void>((resolve) => void atEndOfTick(resolve)));
    return lastTurn.then(() => {
      since = performance.now();
    });
  };
}
