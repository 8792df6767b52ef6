export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A condition was not met in time. */
export class WaitedInVainError extends Error {
  override name = 'WaitedInVainError';
}

/**
 * Waits until `probe` gives something other than null, undefined or false, and resolves with it.
 *
 * Patient unless it is told otherwise: what is waited for in vain is a failure, and what is slow on a busy machine is none.
 *
 * @throws WaitedInVainError naming `what` when that takes longer than `timeoutMs`.
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
    if (Date.now() > deadline) throw new WaitedInVainError(`Waited ${timeoutMs} ms in vain until ${what}.`);
    await sleep(everyMs);
  }
}

/** Whether something comes true in time. What the probe throws is nobody's answer, and is thrown on. */
export async function comesTrue(
  probe: () => unknown,
  options: { timeoutMs: number; everyMs?: number },
): Promise<boolean> {
  try {
    await until('it is true', probe, options);
    return true;
  } catch (error) {
    if (error instanceof WaitedInVainError) return false;
    throw error;
  }
}
