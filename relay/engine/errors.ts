import type { Problem } from '#shared/problem.ts';

/** Ends the run as failed, with this problem in its `error` message. Trying again would change nothing. */
export class FatalError extends Error {
  override name = 'FatalError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail ?? problem.title, options);
    this.problem = problem;
  }
}

/**
 * Gives the run back, to be tried again as the next attempt after `retryAfterMs`. With no attempt left the run ends
 * as failed with this problem. For failures before anything of the step that fails was emitted: what was emitted is
 * cut by the next attempt.
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
 * - `lost`: somebody else has the right to write (a takeover, Stop, a deleted session);
 * - `store-away`: the store could not be reached for too long;
 * - `hand-over`: this process is about to stop and gives the run back;
 * - `closing`: this process stops now.
 */
export type StopReason = 'lost' | 'store-away' | 'hand-over' | 'closing';

/** Thrown inside a workflow whose run stops here: it is no failure, and the workflow lets it pass. */
export class RunStopped extends Error {
  override name = 'RunStopped';
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`the run stops here: ${reason}`);
    this.reason = reason;
  }
}
