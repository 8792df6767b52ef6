/** Resolves after so many ms. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A condition did not come true in time. */
export class WaitTimeoutError extends Error {
  override name = 'WaitTimeoutError';
}

/**
 * Waits until `probe` gives something other than null, undefined or false, and resolves with it.
 *
 * The default timeout is long: on a busy machine a slow condition is no failure, one that never comes true is.
 *
 * @throws WaitTimeoutError naming `what` when that takes longer than `timeoutMs`.
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 60_000, everyMs = 20 } = {},
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== null && value !== undefined && value !== false) return value as Exclude<T, null | undefined | false>;
    if (Date.now() > deadline) throw new WaitTimeoutError(`Timed out after ${timeoutMs} ms waiting until ${what}.`);
    await sleep(everyMs);
  }
}

/** Whether a condition comes true in time. Errors of the probe are passed on. */
export async function comesTrue(
  probe: () => unknown,
  options: { timeoutMs: number; everyMs?: number },
): Promise<boolean> {
  try {
    await until('it is true', probe, options);
    return true;
  } catch (error) {
    if (error instanceof WaitTimeoutError) return false;
    throw error;
  }
}
