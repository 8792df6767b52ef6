import { createProblem, type Problem } from '#shared/problem.ts';
import type { Logger } from '../util/logger.ts';
import type { LogMessage } from '../store/entries/encode-message.ts';
import type { Lease, ReleaseInput, SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { askStore } from '../store/ask-store.ts';
import { FatalError, RetryableError, RunStopped, type Loss } from './errors.ts';
import { holdLease, type HeldLease } from './held-lease.ts';
import { createLogWriter, type LogWriter } from './log-writer/log-writer.ts';
import { measureRun } from './measure-run.ts';
import { createRunContext } from './run-context.ts';
import type { RunReport } from './run-report.ts';
import type { Workflow } from './workflow.ts';

/** How long giving a run back is retried, in ms; after that its lease runs out by itself. */
const RELEASE_MS = 5000;

export interface RunLeaseOptions {
  store: SessionStore;
  workflow: Workflow;
  sessionId: string;
  lease: Lease;
  leaseMs: number;
  /** When the lease was asked for, on the monotonic clock, in ms. */
  askedAt: number;
  maxAttempts: number;
  /** How long emitted messages are gathered before they are written, in ms. */
  batchMs: number;
  /** Aborts when the run should be given back as soon as it can. */
  handOver: AbortSignal;
  /** Aborts when this process stops now. */
  closing: AbortSignal;
  report: RunReport;
  logger: Logger;
}

/** What became of a lease. */
export type LeaseOutcome =
  /** The run has ended, and its end is stored. */
  | { kind: 'ended' }
  /** The run was given back; it is due after `delayMs`. */
  | { kind: 'released'; as: ReleaseInput['as']; delayMs: number }
  /** This writer may not write any more. */
  | { kind: 'lost'; loss: Loss }
  /** The run could not go on here and could not be given back: its lease runs out by itself. */
  | { kind: 'abandoned' };

/**
 * Runs a workflow under a lease until the run has ended, is given back or is lost. Never rejects. When it resolves,
 * nothing of the run is left running here.
 */
export async function runLease(options: RunLeaseOptions): Promise<LeaseOutcome> {
  const held = holdLease(options);
  let writer: LogWriter | null = null;
  try {
    const keeping = held.keep(() => writer?.finishing ?? false);
    writer = await openWriter(held, options);
    const context = createRunContext({
      lease: options.lease,
      lastAttempt: options.lease.attempt >= options.maxAttempts,
      continues: isResumed(options.lease) && !options.lease.reset,
      writer,
      confirmLease: () => keeping.confirm(),
      signal: held.stopped,
      handOver: held.handOver,
    });
    await options.workflow.run(context, { sessionId: options.sessionId, runId: options.lease.runId });
    if (!writer.finished) throw new Error(`the workflow ${options.workflow.name} returned without ending its run`);
    return { kind: 'ended' };
  } catch (error) {
    return await settle(error, writer, held, options);
  } finally {
    await held.close();
  }
}

/** A writer that knows what earlier attempts have put into the log, and is watched by the report. */
async function openWriter(held: HeldLease, options: RunLeaseOptions): Promise<LogWriter> {
  const { store, sessionId, lease, batchMs, logger, report } = options;
  const { stopped: signal, giveUpMs, logFields } = held;
  const used = isResumed(lease)
    ? await askStore(() => measureRun(store, sessionId), { signal, giveUpMs })
    : { bytes: 0, entries: 0 };
  const place = { sessionId, fence: lease.fence, first: lease.next, used };
  return report.watch(
    createLogWriter({ store, ...place, batchMs, giveUpMs, signal, onStop: held.stop, logger, logFields }),
  );
}

/** Has the run been executed before? */
function isResumed(lease: Lease): boolean {
  return lease.attempt > 1 || Object.keys(lease.journal).length > 0;
}

/** What becomes of a run whose workflow did not end it. */
async function settle(
  error: unknown,
  writer: LogWriter | null,
  held: HeldLease,
  options: RunLeaseOptions,
): Promise<LeaseOutcome> {
  const { lease, maxAttempts, report, logger } = options;
  try {
    if (writer?.finished) {
      if (!(error instanceof RunStopped)) {
        logger.error({ ...held.logFields, err: error }, 'The workflow failed after it had ended its run');
      }
      return { kind: 'ended' };
    }
    held.stopped.throwIfAborted();
    // A store that is away is no failure of the run: the next attempt goes on.
    if (!writer || error instanceof StoreError) throw error;
    if (isHandOver(error, held.handOver)) {
      await writer.flush();
      return await release({ as: 'hand-over', delayMs: 0 }, held, options);
    }
    if (error instanceof RetryableError && lease.attempt < maxAttempts) {
      report.noteProblem(error.problem.code);
      await writer.flush();
      return await release({ as: 'retry', delayMs: Math.ceil(error.retryAfterMs) }, held, options);
    }
    await writer.finish(failure(problemOf(error, held, logger), lease));
    return { kind: 'ended' };
  } catch (later) {
    if (later instanceof RunStopped && later.loss) return { kind: 'lost', loss: later.loss };
    if (!(later instanceof RunStopped)) {
      logger.error({ ...held.logFields, err: later }, 'The run could not go on here');
    }
    return { kind: 'abandoned' };
  }
}

/** During a hand-over, whatever a step throws because it was cut short is not a failure of the run. */
function isHandOver(error: unknown, handOver: AbortSignal): boolean {
  if (error instanceof RunStopped) return true;
  return handOver.aborted && !(error instanceof FatalError || error instanceof RetryableError);
}

function problemOf(error: unknown, { logFields }: HeldLease, logger: Logger): Problem {
  if (error instanceof FatalError || error instanceof RetryableError) return error.problem;
  logger.error({ ...logFields, err: error }, 'The workflow failed');
  return createProblem('internal');
}

function failure(problem: Problem, { runId, attempt }: Lease): LogMessage[] {
  return [
    { type: 'error', runId, problem: { ...problem } },
    { type: 'metadata', status: 'failed', runId, messageId: runId, attempt, at: Date.now() },
  ];
}

async function release(
  how: Omit<ReleaseInput, 'fence'>,
  held: HeldLease,
  { store, sessionId, lease }: RunLeaseOptions,
): Promise<LeaseOutcome> {
  // A renewal that crossed the release would take the run back.
  await held.stopRenewing();
  const answer = await askStore(() => store.release(sessionId, { fence: lease.fence, ...how }), {
    signal: held.stopped,
    giveUpMs: RELEASE_MS,
  });
  return answer.kind === 'ok' ? { kind: 'released', ...how } : { kind: 'lost', loss: answer.kind };
}
