import { StoreError } from './store-error.ts';
import { backoffMs, orAborted, sleep } from '../util/time.ts';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;

/**
 * Asks the store until it answers: every operation of the port may be sent again.
 *
 * @throws StoreError when it has not answered for `giveUpMs`; the signal's reason when that aborts first.
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
