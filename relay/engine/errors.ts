import type { Problem } from '#shared/problem.ts';

/** Ends the run as failed, with this problem in its `error` message: another attempt would fail as well. */
export class FatalError extends Error {
  override name = 'FatalError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail ?? problem.title, options);
    this.problem = problem;
  }
}

/**
 * Gives the run back, to be retried as the next attempt after `retryAfterMs`. With no attempt left the run ends as failed
 * with this problem. Throw it before the step has emitted anything: the next attempt cuts what the step emitted.
 */
export class RetryableError extends Error {
  override name = 'RetryableError';
  readonly problem: Problem;
  readonly retryAfterMs: number;

  constructor(problem: Problem, options: ErrorOptions & { retryAfterMs: number }) {
    super(problem.detail ?? problem.title, options);
    this.problem = problem;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Why a run stops here without having ended:
 * - `lost`: this writer may not write any more, see `Loss`;
 * - `store-away`: the store could not be reached for too long;
 * - `hand-over`: this process is about to stop and gives the run back;
 * - `closing`: this process stops now.
 */
export type StopReason = 'lost' | 'store-away' | 'hand-over' | 'closing';

/**
 * How a writer learned that it may not write any more:
 * - `fenced`: the fence was raised, by a takeover, Stop or a new prompt;
 * - `closed`: the run has ended already;
 * - `none`: the session was deleted or has expired;
 * - `gap`: the store has lost entries that this writer cannot write again.
 */
export type Loss = 'fenced' | 'closed' | 'none' | 'gap';

/** Called by the parts of a run that find out that it has to stop here. Only the first call counts. */
export type OnStop = (reason: StopReason, loss?: Loss) => void;

/** Thrown inside a workflow whose run stops here. It is no failure: the workflow lets it pass. */
export class RunStopped extends Error {
  override name = 'RunStopped';
  readonly reason: StopReason;
  /** With the reason `lost`. */
  readonly loss: Loss | undefined;

  constructor(reason: StopReason, loss?: Loss) {
    super(`the run stops here: ${loss ?? reason}`);
    this.reason = reason;
    this.loss = loss;
  }
}
