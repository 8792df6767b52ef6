import { createProblem, type Problem } from '#shared/problem.ts';
import type { Logger } from '../util/logger.ts';
import { beforeMerging } from '../store/entries/delta-groups.ts';
import { readSession } from '../store/read-session.ts';
import type { LogMessage } from '../store/entries/encode-message.ts';
import type { Lease, ReleaseInput, SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { askStore } from '../store/ask-store.ts';
import { byteLength } from '../util/byte-length.ts';
import { FatalError, RetryableError, RunStopped, type StopReason } from './errors.ts';
import { keepLease } from './lease-keeper.ts';
import { createLogWriter, type LogWriter } from './log-writer.ts';
import { createRunContext } from './run-context.ts';
import type { Workflow } from './workflow.ts';

/** A run outlives a store that is away for so long: what it emits waits in memory. */
const STORE_AWAY_MS = 30_000;

/** So long is tried to give a run back; after that its lease runs out by itself. */
const RELEASE_MS = 5000;

export interface RunLeaseOptions {
  store: SessionStore;
  workflow: Workflow;
  sessionId: string;
  lease: Lease;
  leaseMs: number;
  /** When the lease was asked for, on the monotonic clock. */
  askedAt: number;
  maxAttempts: number;
  /** Waits so long before it writes what was emitted; for stores where each write is a request. */
  batchMs: number;
  /** Aborts when the run should be handed over as soon as it can. */
  handOver: AbortSignal;
  /** Aborts when this process stops now. */
  closing: AbortSignal;
  logger: Logger;
}

/** How it went: the run has ended, was given back, or goes on elsewhere (or later). */
export type RunOutcome = 'ended' | 'released' | 'left';

/**
 * Runs a workflow under a lease until the run has ended, is given back or is lost. Never rejects; when it resolves
 * nothing of the run is left running here.
 */
export async function runLease(options: RunLeaseOptions): Promise<RunOutcome> {
  const { store, workflow, sessionId, lease, leaseMs, askedAt, maxAttempts, logger } = options;
  const logFields = { session: sessionId.slice(0, 8), run: lease.runId.slice(0, 8), attempt: lease.attempt };
  const stopped = new AbortController();
  const stop = (reason: StopReason) => stopped.abort(new RunStopped(reason));
  /** Aborts with `stopped`, and when the run is over. */
  const ended = new AbortController();
  const handOver = new AbortController();
  const unlisten = [
    onAbort(stopped.signal, () => ended.abort(stopped.signal.reason)),
    onAbort(options.closing, () => stop('closing')),
    onAbort(options.handOver, () => handOver.abort(new RunStopped('hand-over'))),
  ];
  const giveUpMs = Math.max(leaseMs, STORE_AWAY_MS);
  const shared = { store, sessionId, fence: lease.fence, giveUpMs, onStop: stop, logger, logFields };

  const keeper = keepLease({ ...shared, leaseMs, askedAt, signal: ended.signal });
  let writer: LogWriter | null = null;
  try {
    const resumed = lease.attempt > 1 || Object.keys(lease.journal).length > 0;
    const used = resumed
      ? await askStore(() => measureRun(store, sessionId), { signal: stopped.signal, giveUpMs })
      : { bytes: 0, entries: 0 };
    writer = createLogWriter({ ...shared, next: lease.next, used, batchMs: options.batchMs, signal: stopped.signal });
    const context = createRunContext({
      lease,
      lastAttempt: lease.attempt >= maxAttempts,
      continues: resumed && !lease.reset,
      writer,
      confirmLease: () => keeper.confirm(),
      signal: stopped.signal,
      handOver: handOver.signal,
    });
    await workflow.run(context, { sessionId, runId: lease.runId });
    if (!writer.finished) throw new Error(`the workflow ${workflow.name} returned without ending its run`);
    return 'ended';
  } catch (error) {
    return await settle(error, writer);
  } finally {
    for (const remove of unlisten) remove();
    ended.abort(new RunStopped('closing'));
    await keeper.ended;
  }

  async function settle(error: unknown, writer: LogWriter | null): Promise<RunOutcome> {
    try {
      if (writer?.finished) {
        // A renewal may be told that the run is closed before its own end has been heard of here.
        if (!(error instanceof RunStopped)) {
          logger.error({ ...logFields, err: error }, 'The workflow failed after it had ended its run.');
        }
        return 'ended';
      }
      stopped.signal.throwIfAborted();
      // A store that is away is no failure of the run: whoever reaches it again goes on.
      if (!writer || error instanceof StoreError) throw error;
      if (isHandOver(error)) {
        await writer.flush();
        return await release({ as: 'hand-over', delayMs: 0 });
      }
      if (error instanceof RetryableError && lease.attempt < maxAttempts) {
        await writer.flush();
        return await release({ as: 'retry', delayMs: Math.ceil(error.retryAfterMs) });
      }
      await writer.finish(failure(problemOf(error)));
      return 'ended';
    } catch (later) {
      if (!(later instanceof RunStopped)) {
        logger.error({ ...logFields, err: later }, 'The run could not go on here: another attempt will be made.');
      }
      return 'left';
    }
  }

  /** What a workflow throws because its step was cut short counts as that, whatever it is. */
  function isHandOver(error: unknown): boolean {
    if (error instanceof RunStopped) return true;
    return handOver.signal.aborted && !(error instanceof FatalError || error instanceof RetryableError);
  }

  function problemOf(error: unknown): Problem {
    if (error instanceof FatalError || error instanceof RetryableError) return error.problem;
    logger.error({ ...logFields, err: error }, 'The workflow failed.');
    return createProblem('internal');
  }

  function failure(problem: Problem): LogMessage[] {
    const { runId, attempt } = lease;
    return [
      { type: 'error', runId, problem: { ...problem } },
      { type: 'metadata', status: 'failed', runId, messageId: runId, attempt, at: Date.now() },
    ];
  }

  async function release(how: Omit<ReleaseInput, 'fence'>): Promise<RunOutcome> {
    // A renewal that crossed the release would take the run back.
    ended.abort(new RunStopped('closing'));
    await keeper.ended;
    const answer = await askStore(() => store.release(sessionId, { fence: lease.fence, ...how }), {
      signal: stopped.signal,
      giveUpMs: RELEASE_MS,
    });
    return answer.kind === 'ok' ? 'released' : 'left';
  }
}

/** What earlier attempts have put into the log. */
async function measureRun(store: SessionStore, sessionId: string): Promise<{ bytes: number; entries: number }> {
  const session = await readSession(store, sessionId);
  if (session.kind !== 'open') return { bytes: 0, entries: 0 };
  const used = { bytes: 0, entries: 0 };
  for (const entry of session.unfinished) {
    const { count, shared } = beforeMerging(entry);
    used.entries += count;
    used.bytes += byteLength(entry.data) + (count - 1) * shared;
  }
  return used;
}

/** Calls back at once if the signal has aborted; returns what removes the listener. */
function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
