import type { Lease, SessionStore } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';
import { RunStopped, type OnStop } from './errors.ts';
import { keepLease, type LeaseKeeper } from './lease-keeper.ts';
import { runFields } from './run-report.ts';

/** How long a run outlives a store that is away, in ms: what it emits waits in memory. */
const STORE_AWAY_MS = 30_000;

export interface HoldLeaseOptions {
  store: Pick<SessionStore, 'renew' | 'follow'>;
  sessionId: string;
  lease: Lease;
  leaseMs: number;
  /** When the lease was asked for, on the monotonic clock, in ms. */
  askedAt: number;
  /** Aborts when the run should be given back as soon as it can. */
  handOver: AbortSignal;
  /** Aborts when this process stops now. */
  closing: AbortSignal;
  logger: Logger;
}

/** A lease that is held, and what the parts of its run share. */
export interface HeldLease {
  /** Aborts, with a `RunStopped`, when the run has to stop at once. */
  readonly stopped: AbortSignal;
  /** Aborts, with a `RunStopped`, when the run should be given back. */
  readonly handOver: AbortSignal;
  readonly stop: OnStop;
  /** How long the store may be away, in ms. */
  readonly giveUpMs: number;
  /** Fields of every log line. */
  readonly logFields: object;
  /** Begins to renew the lease; see `LeaseKeeperOptions.isFinishing`. */
  keep(isFinishing: () => boolean): LeaseKeeper;
  /** Resolves once no renewal is under way any more. Idempotent. */
  stopRenewing(): Promise<void>;
  /** Stops renewing and listening; resolves once nothing of the lease is left running. */
  close(): Promise<void>;
}

/** Holds the lease of a run that was claimed. */
export function holdLease(options: HoldLeaseOptions): HeldLease {
  const { store, sessionId, lease, leaseMs, askedAt, logger } = options;
  const stopped = new AbortController();
  /** Aborts with `stopped`, and when the lease is needed no more. */
  const over = new AbortController();
  const handOver = new AbortController();
  const stop: OnStop = (reason, loss) => stopped.abort(new RunStopped(reason, loss));
  const unlisten = [
    onAbort(stopped.signal, () => over.abort(stopped.signal.reason)),
    onAbort(options.closing, () => stop('closing')),
    onAbort(options.handOver, () => handOver.abort(new RunStopped('hand-over'))),
  ];
  const giveUpMs = Math.max(leaseMs, STORE_AWAY_MS);
  const logFields = { ...runFields(sessionId, lease.runId), attempt: lease.attempt };
  let keeper: LeaseKeeper | null = null;

  async function stopRenewing(): Promise<void> {
    over.abort(new RunStopped('closing'));
    await keeper?.ended;
  }

  return {
    stopped: stopped.signal,
    handOver: handOver.signal,
    stop,
    giveUpMs,
    logFields,
    keep(isFinishing) {
      const ours = { store, sessionId, fence: lease.fence, leaseMs, askedAt };
      return (keeper = keepLease({
        ...ours,
        giveUpMs,
        isFinishing,
        onStop: stop,
        signal: over.signal,
        logger,
        logFields,
      }));
    },
    stopRenewing,
    async close() {
      for (const remove of unlisten) remove();
      await stopRenewing();
    },
  };
}

/** Calls back at once if the signal has aborted; returns what removes the listener. */
function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
