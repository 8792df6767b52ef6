import { parseCursor, START } from '#shared/cursor.ts';
import type { Logger } from '../util/logger.ts';
import type { LogEntry, SessionStore, Unfollow } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { orAborted, sleep } from '../util/time.ts';

export interface LeaseKeeperOptions {
  store: Pick<SessionStore, 'renew' | 'follow'>;
  sessionId: string;
  fence: number;
  leaseMs: number;
  /** When the lease was asked for, on the monotonic clock. */
  askedAt: number;
  /** The store may be away for so long. */
  giveUpMs: number;
  /** Aborts when the run stops or has ended: the lease is kept no longer. */
  signal: AbortSignal;
  onStop: (reason: 'lost' | 'store-away') => void;
  logger: Logger;
  logFields: object;
}

export interface LeaseKeeper {
  /**
   * Resolves when the lease has not run out: at once while its time cannot be up, else when the store has said so.
   * Whoever was held up longer than the lease lasts, frozen or on a machine that is too busy, is not certain of it.
   * What it does not see is a fence that was raised for another reason, as by Stop: the live channel tells of that.
   *
   * @throws the signal's reason, when the lease is lost.
   */
  confirm(): Promise<void>;
  /** Resolves once nothing of it is left running. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Keeps a lease until the signal aborts, and tells when it is lost: by what the live channel says, at once, and by
 * the answer to a renewal, every third of the lease, which also finds out when the channel is silent.
 */
export function keepLease(options: LeaseKeeperOptions): LeaseKeeper {
  const { store, sessionId, fence, leaseMs, giveUpMs, signal, onStop, logger, logFields } = options;
  /**
   * On the monotonic clock. The store counts from when it hears a request, which is later than when that is sent; as long
   * as its own clock is not set forward, it gives the run to nobody else before.
   */
  let certainUntil = options.askedAt + leaseMs;
  /** They wait for a renewal that is asked for after they came. */
  let unsure: (() => void)[] = [];
  let askNow = (): void => {};

  const lose = (kind: string) => {
    if (signal.aborted) return;
    logger.info({ ...logFields, kind }, 'Somebody else has the right to write: the run stops here.');
    onStop('lost');
  };

  return {
    async confirm() {
      signal.throwIfAborted();
      if (performance.now() < certainUntil) return;
      const confirmed = new Promise<void>((resolve) => unsure.push(resolve));
      askNow();
      await orAborted(confirmed, signal);
    },
    ended: keep(),
  };

  async function keep(): Promise<void> {
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
      if (failing || unsure.length === 0) await pause(failing ? Math.min(1000, leaseMs / 6) : leaseMs / 3);
      const waiting = unsure;
      unsure = [];
      const askedAt = performance.now();
      const left = heardAt + giveUpMs - performance.now();
      const patience = setTimeout(() => onStop('store-away'), Math.max(left, leaseMs));
      try {
        const answer = await orAborted(store.renew(sessionId, { fence, leaseMs }), signal);
        if (answer.kind !== 'ok') return lose(answer.kind);
        heardAt = performance.now();
        certainUntil = askedAt + leaseMs;
        for (const confirm of waiting) confirm();
        failing = false;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (!failing) logger.warn({ ...logFields, err: error }, 'The lease could not be renewed: trying again.');
        failing = true;
        unsure = [...waiting, ...unsure];
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
