import { newId } from '#shared/ids.ts';
import { askStore } from '../store/ask-store.ts';
import { sealSession } from '../store/seal-session.ts';
import type { ClaimAnswer, Lease } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { DEFAULT_MAX_ATTEMPTS, type RunSettings } from './engine.ts';
import { RunStopped } from './errors.ts';
import { findRun, type FoundRun } from './find-run.ts';
import { planTakeover } from './plan-takeover.ts';
import { runLease, type LeaseOutcome } from './run-lease.ts';
import { createRunReport, runFields, type RunReport } from './run-report.ts';

/** How long a claim is retried, in ms; the token makes retries idempotent. */
const CLAIM_MS = 5000;

/** How long sealing is retried, in ms. */
const SEAL_MS = 5000;

/** How long is asked what became of a run that was lost, in ms: for the log line, and to seal it. */
const FIND_MS = 2000;

/** The least pause before a run that is not due yet is tried again, in ms. */
const MIN_RETRY_MS = 50;

export interface ExecuteRunOptions extends RunSettings {
  sessionId: string;
  /**
   * The run that was dispatched, when that is known. Whichever run of the session is due is executed; but while another
   * run is leased, one that has ended answers `nothing-due` and not `owned`.
   */
  runId?: string;
  /** Aborts when the process is about to stop: the run is given back as soon as it can. */
  handOver: AbortSignal;
  /** Aborts when the process stops now. */
  closing: AbortSignal;
  /** Called when the run has ended, before its transcript is sealed: another run of the session may begin from here on. */
  onEnded?: () => void;
}

/** What became of a due run. An answer with `retryAfterMs` is to be dispatched again after that time. */
export type ExecuteRunAnswer =
  /** The run has ended, here or because it was cancelled or deleted. */
  | { kind: 'done' }
  /** Another execution holds the lease, or the run is not due yet. */
  | { kind: 'owned'; retryAfterMs: number }
  /** No run of the session is active, or another one than was dispatched. */
  | { kind: 'nothing-due' }
  /** The lease was lost to another execution, which goes on with the run. */
  | { kind: 'lost' }
  /** The run was given back, to be retried or handed over. */
  | { kind: 'released'; retryAfterMs: number }
  /** The run could not go on here, and is due when its lease has run out. */
  | { kind: 'abandoned'; retryAfterMs: number };

/**
 * Executes the due run of a session: claims it with a fresh token, runs the workflow under the lease, and seals the
 * transcript. Safe to call at any time, any number of times, in any process: only the holder of the lease writes, and a
 * run whose process died between its end and its seal is sealed by the next call.
 *
 * @throws StoreError when the store could not be reached to claim the run. Nothing was executed: dispatch it again.
 * @throws RunStopped when `closing` aborted first.
 *
 * @example
 * const answer = await executeRun({ ...parts, sessionId, runId, handOver, closing });
 * if ('retryAfterMs' in answer) await engine.dispatch(sessionId, runId, answer.retryAfterMs);
 */
export async function executeRun(options: ExecuteRunOptions): Promise<ExecuteRunAnswer> {
  const askedAt = performance.now();
  const claim = await claimRun(options);
  switch (claim.kind) {
    case 'lease':
      return await executeLease(options, claim, askedAt);
    case 'owned':
      return await answerOwned(options, claim.dueAt);
    case 'ended':
      // The claim itself ended the run: no attempt was left, or `takeover` is `fail`.
      options.onEnded?.();
      logExhausted(options, await findQuietly(options), claim.reason);
      await seal(options);
      return { kind: 'done' };
    case 'closed':
      // Its process may have died before it sealed the run.
      await seal(options);
      return { kind: 'nothing-due' };
    case 'none':
      return { kind: 'nothing-due' };
  }
}

async function claimRun(options: ExecuteRunOptions): Promise<ClaimAnswer> {
  const { store, sessionId, takeover, owner, leaseMs, maxAttempts = DEFAULT_MAX_ATTEMPTS, closing: signal } = options;
  const token = newId();
  return await askStore(
    async () => {
      const plan = await planTakeover(store, sessionId, takeover);
      return await store.claim(sessionId, { token, owner, leaseMs, maxAttempts, takeover: plan });
    },
    { signal, giveUpMs: CLAIM_MS },
  );
}

async function executeLease(
  options: ExecuteRunOptions,
  { lease }: ClaimAnswer & { kind: 'lease' },
  askedAt: number,
): Promise<ExecuteRunAnswer> {
  const { sessionId, workflow, logger, leaseMs, maxAttempts = DEFAULT_MAX_ATTEMPTS, batchMs = 0 } = options;
  const report = createRunReport({ sessionId, lease, model: workflow.model, startedAt: askedAt, logger });
  const outcome = await runLease({ ...options, lease, leaseMs, askedAt, maxAttempts, batchMs, report });
  switch (outcome.kind) {
    case 'ended':
      options.onEnded?.();
      report.log(report.ended ?? 'completed');
      await seal(options);
      return { kind: 'done' };
    case 'released':
      report.log(outcome.as === 'hand-over' ? 'handed-over' : 'retried');
      return { kind: 'released', retryAfterMs: outcome.delayMs };
    case 'lost':
      return await answerLost(options, outcome, lease, report);
    case 'abandoned':
      report.log('abandoned');
      return { kind: 'abandoned', retryAfterMs: leaseMs };
  }
}

/** The line of a run that its claim has ended. */
function logExhausted(
  { logger, sessionId, workflow, maxAttempts = DEFAULT_MAX_ATTEMPTS }: ExecuteRunOptions,
  found: FoundRun | null,
  code: string,
): void {
  const attempts = found?.kind === 'ended' ? found.attempt : maxAttempts;
  const run = found && 'runId' in found ? found.runId : '';
  const model = workflow.model === undefined ? {} : { model: workflow.model };
  logger.info({ ...runFields(sessionId, run), outcome: 'failed', code, ...model, attempts }, 'Run failed');
}

/** Answers for a lease that was lost: to another execution, or because the run has ended. */
async function answerLost(
  options: ExecuteRunOptions,
  { loss }: LeaseOutcome & { kind: 'lost' },
  { runId, attempt }: Lease,
  report: RunReport,
): Promise<ExecuteRunAnswer> {
  const { leaseMs } = options;
  const found = await findQuietly(options, runId);
  if (loss === 'none' || found?.kind === 'gone') {
    report.log('deleted');
    return { kind: 'done' };
  }
  if (found?.kind === 'ended' && (found.status === 'cancelled' || found.attempt === attempt)) {
    options.onEnded?.();
    report.log(found.status);
    // The request that cancelled the run seals it.
    if (found.status !== 'cancelled') await seal(options);
    return { kind: 'done' };
  }
  if (loss === 'gap' && found?.kind === 'active') {
    options.logger.warn(report.fields, 'The store has lost entries that this attempt cannot write again');
    report.log('abandoned');
    return { kind: 'abandoned', retryAfterMs: leaseMs };
  }
  report.log(found ? 'lost' : 'lost-or-ended');
  return { kind: 'lost' };
}

async function answerOwned({ store, sessionId, runId }: ExecuteRunOptions, dueAt: number): Promise<ExecuteRunAnswer> {
  if (runId !== undefined) {
    const head = await store.head(sessionId);
    if (head.kind !== 'open' || head.run?.runId !== runId) return { kind: 'nothing-due' };
  }
  // By this process's clock and not the store's: at worst a try too early, or as late as the clocks are apart.
  return { kind: 'owned', retryAfterMs: Math.max(MIN_RETRY_MS, dueAt - Date.now()) };
}

/** Finds the run for its log line; null when the store cannot be read now. Never rejects. */
async function findQuietly({ store, sessionId, closing: signal, logger }: ExecuteRunOptions, runId?: string) {
  try {
    return await askStore(() => findRun(store, sessionId, runId), { signal, giveUpMs: FIND_MS });
  } catch (error) {
    logger.debug({ err: error, session: sessionId.slice(0, 8) }, 'What became of a run could not be read');
    return null;
  }
}

/** Never rejects: what is not sealed now is sealed after the next run of the session, and nothing is lost until then. */
async function seal({ store, sessionId, closing: signal, logger }: ExecuteRunOptions): Promise<void> {
  try {
    await askStore(() => sealSession(store, sessionId), { signal, giveUpMs: SEAL_MS });
  } catch (error) {
    if (error instanceof RunStopped) return;
    const log = error instanceof StoreError ? logger.warn : logger.error;
    log.call(
      logger,
      { err: error, session: sessionId.slice(0, 8) },
      'A session could not be sealed: it is sealed after its next run',
    );
  }
}
