import { withFeedback } from '#shared/feedback.ts';
import type { Problem } from '#shared/problem.ts';
import type { ChatMessage, MessageFeedback } from '#shared/protocol.ts';
import { backoffMs } from './backoff.ts';
import type { Means } from './submit.ts';

/** Ratings that the relay has not stored yet, by message id; null removes an earlier one. */
export type PendingRatings = ReadonlyMap<string, MessageFeedback | null>;

/** Ratings on their way to the relay. */
export interface Ratings {
  /** Replaced at each change. */
  readonly pending: PendingRatings;
  /** Resolves to true once the relay has stored the latest rating of this message, to false when that failed. */
  rate(messageId: string, feedback: MessageFeedback | null): Promise<boolean>;
}

export interface RatingsOptions extends Omit<Means, 'signal'> {
  /** Aborts requests: when the session is left. */
  untilLeft(): AbortSignal;
  /** Aborts retries: also when the client is closed. A request on its way then goes on. */
  untilClosed(): AbortSignal;
  onChange(): void;
  onStored(messageId: string, feedback: MessageFeedback | null): void;
  onRefused(problem: Problem): void;
}

/** Temporary refusals after which a rating is given up. */
const MAX_REFUSALS = 6;

/**
 * Delivers ratings: shown at once, sent one at a time per message, so that the latest arrives last, and removed from view
 * when they fail. A lost connection is waited for.
 */
export function createRatings(options: RatingsOptions): Ratings {
  const { onChange, onStored, onRefused } = options;
  let pending: PendingRatings = new Map();
  const deliveries = new Map<string, Promise<boolean>>();

  function setPending(messageId: string, feedback: MessageFeedback | null | undefined): void {
    const next = new Map(pending);
    if (feedback === undefined) next.delete(messageId);
    else next.set(messageId, feedback);
    pending = next;
    onChange();
  }

  async function deliver(messageId: string): Promise<boolean> {
    for (;;) {
      const feedback = pending.get(messageId) ?? null;
      const outcome = await send(messageId, feedback);
      const changed = outcome !== 'aborted' && pending.get(messageId) !== feedback;
      // Rated again meanwhile: the latest counts.
      if (changed) continue;
      if (outcome === 'stored') onStored(messageId, feedback);
      deliveries.delete(messageId);
      setPending(messageId, undefined);
      if (outcome !== 'stored' && outcome !== 'aborted') onRefused(outcome);
      return outcome === 'stored';
    }
  }

  async function send(messageId: string, feedback: MessageFeedback | null): Promise<'stored' | 'aborted' | Problem> {
    const { transport, credentials, pause } = options;
    const untilLeft = options.untilLeft();
    const untilClosed = options.untilClosed();
    for (let failures = 1, refusals = 0; ; failures++) {
      const answer = await credentials.use(untilLeft, (own) => transport.rate(own, { messageId, feedback }, untilLeft));
      if (untilLeft.aborted) return 'aborted';
      if (answer.kind === 'ok') return 'stored';
      const problem = answer.kind === 'refused' ? answer.problem : null;
      if (problem) refusals++;
      if (problem && (!problem.retryable || refusals >= MAX_REFUSALS)) return problem;
      await pause.wait({ atLeastMs: problem?.retryAfterMs ?? 0, upToMs: backoffMs(failures) }, untilClosed);
      if (untilClosed.aborted) return 'aborted';
    }
  }

  return {
    get pending() {
      return pending;
    },
    rate(messageId, feedback) {
      setPending(messageId, feedback);
      const delivery = deliveries.get(messageId) ?? deliver(messageId);
      deliveries.set(messageId, delivery);
      return delivery;
    },
  };
}

/** The messages with the ratings that are on their way. */
export function withRatings(messages: readonly ChatMessage[], ratings: PendingRatings): readonly ChatMessage[] {
  if (ratings.size === 0) return messages;
  return messages.map((message) => {
    const feedback = ratings.get(message.id);
    return feedback === undefined ? message : withFeedback(message, feedback);
  });
}
