import { parseCursor, START } from '#shared/cursor.ts';
import type { Logger } from '../util/logger.ts';
import type { LogEntry, SessionStore, Unfollow } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { orAborted } from '../util/or-aborted.ts';
import { sleep } from '../util/sleep.ts';
import type { Loss, OnStop } from './errors.ts';

/** Pause before a renewal is retried, at most, in ms. */
const MAX_RETRY_MS = 1000;

export interface LeaseKeeperOptions {
  store: Pick<SessionStore, 'renew' | 'follow'>;
  sessionId: string;
  fence: number;
  leaseMs: number;
  /** When the lease was asked for, on the monotonic clock, in ms. */
  askedAt: number;
  /** How long the store may be away, in ms; after that the run stops here. */
  giveUpMs: number;
  /** Aborts when the run stops or has ended: the lease is kept no longer. */
  signal: AbortSignal;
  /**
   * True while the end of the run is on its way to the store. The answer to that may be overtaken by a renewal that is
   * refused because the run has ended, so from then on nothing the keeper hears counts as a loss.
   */
  isFinishing: () => boolean;
  onStop: OnStop;
  logger: Logger;
  /** Fields of every log line. */
  logFields: object;
}

export interface LeaseKeeper {
  /**
   * Resolves when the lease has certainly not run out: at once while its time cannot be up, else after a renewal. A
   * process that was frozen, or too busy, for longer than the lease lasts cannot be certain. A fence that was raised for
   * another reason, as by Stop, is not seen here: the live channel tells of that.
   *
   * @throws the signal's reason, when the lease is lost.
   */
  confirm(): Promise<void>;
  /** Resolves once nothing of the keeper is left running. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Keeps a lease until the signal aborts, and tells when it is lost: at once by the live channel, and by the answer to a
 * renewal, every third of the lease, when the channel is silent.
 */
export function keepLease(options: LeaseKeeperOptions): LeaseKeeper {
  const { store, sessionId, fence, leaseMs, giveUpMs, signal, isFinishing, onStop, logger, logFields } = options;
  /**
   * On the monotonic clock. Counted from when the lease was asked for: the store counts from when it is asked, which is
   * later, so it gives the run to nobody else before, as long as its own clock is not set forward.
   */
  let certainUntil = options.askedAt + leaseMs;
  /** `confirm` calls that wait for the next renewal. */
  let unsure: (() => void)[] = [];
  let renewNow = (): void => {};

  const lose = (loss: Loss) => {
    if (!signal.aborted && !isFinishing()) onStop('lost', loss);
  };

  async function keep(): Promise<void> {
    // Not awaited first: opening the channel may take longer than the lease lasts.
    const following = follow();
    try {
      await renewUntilAborted();
    } catch (error) {
      if (!signal.aborted) {
        logger.error({ ...logFields, err: error }, 'The lease could not be kept: the run stops here');
        onStop('store-away');
      }
    } finally {
      const unfollow = await following;
      unfollow();
    }
  }

  /** Never rejects: without the live channel a lost lease shows at the next renewal. */
  async function follow(): Promise<Unfollow> {
    try {
      const following = store.follow(sessionId, (event) => {
        if (event.kind === 'gone') lose('none');
        else if (event.kind === 'unsure') renewNow();
        else if (event.kind === 'entries' && fenceOf(event.entries) > fence) lose('fenced');
      });
      following.then(
        (unfollow) => signal.aborted && unfollow(),
        () => {},
      );
      return await orAborted(following, signal);
    } catch (error) {
      if (!signal.aborted) logger.debug({ ...logFields, err: error }, 'The session cannot be followed');
      return () => {};
    }
  }

  async function renewUntilAborted(): Promise<void> {
    let heardAt = performance.now();
    let failing = false;
    while (!signal.aborted) {
      if (failing || unsure.length === 0) await pause(failing ? Math.min(MAX_RETRY_MS, leaseMs / 6) : leaseMs / 3);
      const waiting = unsure;
      unsure = [];
      const askedAt = performance.now();
      const left = heardAt + giveUpMs - askedAt;
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
        if (!failing) logger.warn({ ...logFields, err: error }, 'The lease could not be renewed: retrying');
        failing = true;
        unsure = [...waiting, ...unsure];
        if (performance.now() - heardAt >= giveUpMs) return onStop('store-away');
      } finally {
        clearTimeout(patience);
      }
    }
  }

  /** Waits, unless a renewal is wanted sooner. */
  async function pause(ms: number): Promise<void> {
    const wanted = new Promise<void>((resolve) => {
      renewNow = resolve;
    });
    const cancel = new AbortController();
    const cancelPause = () => cancel.abort(signal.reason);
    signal.addEventListener('abort', cancelPause, { once: true });
    if (signal.aborted) cancelPause();
    try {
      await Promise.race([sleep(ms, cancel.signal), wanted]);
    } finally {
      signal.removeEventListener('abort', cancelPause);
      cancel.abort();
    }
  }

  return {
    async confirm() {
      signal.throwIfAborted();
      if (performance.now() < certainUntil) return;
      const confirmed = new Promise<void>((resolve) => unsure.push(resolve));
      renewNow();
      await orAborted(confirmed, signal);
    },
    ended: keep(),
  };
}

/** The fence of the last entry, which is the highest. */
function fenceOf(entries: readonly LogEntry[]): number {
  return parseCursor(entries.at(-1)?.id ?? START)?.fence ?? 0;
}
