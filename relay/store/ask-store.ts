import { StoreError } from './store-error.ts';
import { backoffMs } from '../util/backoff.ts';
import { orAborted } from '../util/or-aborted.ts';
import { sleep } from '../util/sleep.ts';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;

/**
 * Retries an operation of the store until it answers. Every operation of the port may be sent again.
 *
 * @param giveUpMs time after which a failure is final, in ms.
 * @throws StoreError when the store has not answered by then; the signal's reason when that aborts first.
 */
export async function askStore<T>(
  ask: () => Promise<T>,
  { signal, giveUpMs }: { signal: AbortSignal; giveUpMs: number },
): Promise<T> {
  const since = performance.now();
  for (let failures = 0; ; failures += 1) {
    try {
      return await orAborted(ask(), signal);
    } catch (error) {
      if (!(error instanceof StoreError) || performance.now() - since >= giveUpMs) throw error;
      await sleep(backoffMs(failures, FIRST_RETRY_MS, MAX_RETRY_MS), signal);
    }
  }
}
