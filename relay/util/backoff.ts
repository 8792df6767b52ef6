/**
 * The delay before a retry, in ms: doubles with each failure from `firstMs` to `maxMs`, less up to a quarter at random
 * so that many retries do not come at once.
 *
 * @param failures failures in a row before the one that is retried; 0 for the first retry.
 */
export function backoffMs(failures: number, firstMs: number, maxMs: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
  return full * (1 - Math.random() / 4);
}
