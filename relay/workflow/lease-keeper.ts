import { parseCursor, START } from '#shared/cursor.ts';
import type { Logger } from '../logger.ts';
import type { LogEntry, SessionStore, Unfollow } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { orAborted, sleep } from './time.ts';

export interface LeaseKeeperOptions {
  store: Pick<SessionStore, 'renew' | 'follow'>;
  sessionId: string;
  fence: number;
  leaseMs: number;
  /** The store may be away for so long. */
  giveUpMs: number;
  /** Aborts when the run stops or has ended: the lease is kept no longer. */
  signal: AbortSignal;
  onStop: (reason: 'lost' | 'store-away') => void;
  logger: Logger;
  logFields: object;
}

/**
 * Keeps a lease until the signal aborts, and tells when it is lost: by what the live channel says, at once, and by
 * the answer to a renewal, every third of the lease, which also finds out when the channel is silent. Never rejects;
 * resolves once nothing of it is left running.
 */
export async function keepLease(options: LeaseKeeperOptions): Promise<void> {
  const { store, sessionId, fence, leaseMs, giveUpMs, signal, onStop, logger, logFields } = options;
  let askNow = (): void => {};

  const lose = (kind: string) => {
    if (signal.aborted) return;
    logger.info({ ...logFields, kind }, 'Somebody else has the right to write: the run stops here.');
    onStop('lost');
  };

  const unfollow = await follow();
  try {
    await renewUntilAborted();
  } catch (error) {
    if (!signal.aborted) {
      logger.error({ ...logFields, err: error }, 'The lease could not be kept.');
      onStop('store-away');
    }
  } finally {
    unfollow();
  }

  /** A hint only: without it a lost lease shows at the next renewal. */
  async function follow(): Promise<Unfollow> {
    try {
      const following = store.follow(sessionId, (event) => {
        if (event.kind === 'gone') lose('gone');
        else if (event.kind === 'unsure') askNow();
        else if (event.kind === 'entries' && fenceOf(event.entries) > fence) lose('fenced');
      });
      following.then(
        (unfollow) => signal.aborted && unfollow(),
        () => {},
      );
      return await orAborted(following, signal);
    } catch (error) {
      if (!signal.aborted) logger.debug({ ...logFields, err: error }, 'The session cannot be followed.');
      return () => {};
    }
  }

  async function renewUntilAborted(): Promise<void> {
    let heardAt = performance.now();
    let failing = false;
    while (!signal.aborted) {
      await pause(failing ? Math.min(1000, leaseMs / 6) : leaseMs / 3);
      const left = heardAt + giveUpMs - performance.now();
      const patience = setTimeout(() => onStop('store-away'), Math.max(left, leaseMs));
      try {
        const answer = await orAborted(store.renew(sessionId, { fence, leaseMs }), signal);
        if (answer.kind !== 'ok') return lose(answer.kind);
        heardAt = performance.now();
        failing = false;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (!failing) logger.warn({ ...logFields, err: error }, 'The lease could not be renewed: trying again.');
        failing = true;
        if (performance.now() - heardAt >= giveUpMs) return onStop('store-away');
      } finally {
        clearTimeout(patience);
      }
    }
  }

  /** Waits, but less long when somebody asks. */
  async function pause(ms: number): Promise<void> {
    const asked = new Promise<void>((resolve) => {
      askNow = resolve;
    });
    const cancel = new AbortController();
    const cancelPause = () => cancel.abort(signal.reason);
    signal.addEventListener('abort', cancelPause, { once: true });
    if (signal.aborted) cancelPause();
    try {
      await Promise.race([sleep(ms, cancel.signal), asked]);
    } finally {
      signal.removeEventListener('abort', cancelPause);
      cancel.abort();
    }
  }
}

/** Of the last, which has the highest. */
function fenceOf(entries: readonly LogEntry[]): number {
  return parseCursor(entries.at(-1)?.id ?? START)?.fence ?? 0;
}
