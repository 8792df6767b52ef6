import type { Problem } from '#shared/problem.ts';
import type { SessionState } from '#shared/fold/session.ts';
import { keepUpTo } from '#shared/fold/keep-up-to.ts';
import type { Line } from './follow.ts';
import type { Submission } from './submission.ts';
import { withRatings, type PendingRatings } from './ratings.ts';
import type { Recovery } from './recovery.ts';
import type { ChatStatus, ChatView, PendingPrompt, UnsentPrompt } from './types.ts';

/** Everything that a view is made of. */
export interface Model {
  sessionId: string | null;
  session: SessionState;
  recovery: Recovery;
  line: Line;
  /** The line has delivered the whole log at least once in this session. */
  caughtUp: boolean;
  submission: Submission | null;
  unsent: UnsentPrompt | null;
  problem: Problem | null;
  /** When `problem` may be retried, ms since the epoch. */
  retryAt: number | null;
  stoppingRunId: string | null;
  ratings: PendingRatings;
  readOnly: boolean;
  restoring: boolean;
  ended: boolean;
  /** Whether the browser reports a network, and whether anything has arrived from the relay since. */
  online: boolean;
  reachable: boolean;
}

/** The view of a model. */
export function viewOf(model: Model): ChatView {
  const { session, submission, unsent, recovery } = model;
  // Once it has been seen it is among the messages.
  const asked = submission && !submission.seen ? submission : null;
  const problem = model.problem ?? lineProblem(model.line);
  const retryAt = model.problem ? model.retryAt : problem && model.line.retryAt;
  return {
    status: statusOf(model),
    sessionId: model.sessionId,
    messages: withRatings(asked ? keepUpTo(session.messages, asked.parentId) : session.messages, model.ratings),
    run: session.run,
    problem,
    retryAt: retryAt !== null && retryAt > Date.now() ? retryAt : null,
    pending: asked && toPending(asked),
    unsent: unsent && { text: unsent.text, ...(unsent.parentId === undefined ? {} : { parentId: unsent.parentId }) },
    dimmed: recovery.dimmed,
    recoveries: recovery.recoveries,
    stopping: session.run !== null && session.run.runId === model.stoppingRunId,
    restoring: model.restoring,
    readOnly: model.readOnly,
    ended: model.ended,
  };
}

function statusOf({ session, line, submission, caughtUp, online, reachable }: Model): ChatStatus {
  if (line.phase === 'refused') return 'failed';
  if (!online && !reachable) return 'offline';
  if (submission && !submission.seen) return submission.failures + line.failures > 0 ? 'reconnecting' : 'connecting';
  if (session.run && line.phase === 'up') return 'streaming';
  if (!caughtUp && (line.phase === 'up' || line.phase === 'connecting') && line.failures === 0) return 'connecting';
  if (session.run) return 'reconnecting';
  // While nothing is being written, a line that is replaced at once is not worth showing.
  return line.failures > 0 && (line.phase === 'waiting' || line.phase === 'connecting') ? 'reconnecting' : 'idle';
}

/** The problem of the line, if a retry does not solve it or its end is known. */
function lineProblem({ phase, problem }: Line): Problem | null {
  return problem && (phase === 'refused' || isForLater(problem)) ? problem : null;
}

/** Whether the relay asks to retry later, so that the view shows when. */
export function isForLater({ code }: Problem): boolean {
  return code === 'rate-limited' || code === 'overloaded';
}

function toPending({ messageId, text, parentId, accepted }: Submission): PendingPrompt | null {
  if (text === undefined) return null;
  return { messageId, text, ...(parentId === undefined ? {} : { parentId }), accepted: accepted !== null };
}
