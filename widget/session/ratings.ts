import { withFeedback } from '#shared/feedback.ts';
import type { Problem } from '#shared/problem.ts';
import type { ChatMessage, MessageFeedback } from '#shared/protocol.ts';
import { backoffMs } from './backoff.ts';
import type { Means } from './submit.ts';

/** What was said of messages and has not been kept yet, by message id; null takes back what was said before. */
export type PendingRatings = ReadonlyMap<string, MessageFeedback | null>;

export interface Ratings {
  /** Replaced at each change. */
  readonly pending: PendingRatings;
  /** Resolves to true once the relay has kept the last word about this message, to false when it came to nothing. */
  rate(messageId: string, feedback: MessageFeedback | null): Promise<boolean>;
}

export interface RatingsOptions extends Omit<Means, 'signal'> {
  /** Of the session at hand: aborts when it is left. */
  signal(): AbortSignal;
  /** Of trying again: aborts when the client is closed too, whereas a request on its way then goes on. */
  patience(): AbortSignal;
  onChange(): void;
  onKept(messageId: string, feedback: MessageFeedback | null): void;
  onRefused(problem: Problem): void;
}

/** After so many refusals that may pass, what was said is given up. */
const MOST_REFUSALS = 6;

/**
 * Ratings on their way: shown at once, sent one after the other for each message, so that the last word arrives last,
 * and taken off the page again when they come to nothing. A lost line is waited for.
 */
export function createRatings(options: RatingsOptions): Ratings {
  const { onChange, onKept, onRefused } = options;
  let pending: PendingRatings = new Map();
  const deliveries = new Map<string, Promise<boolean>>();

  function note(messageId: string, feedback: MessageFeedback | null | undefined): void {
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
      // Something else was said meanwhile: that is what counts.
      if (changed) continue;
      if (outcome === 'kept') onKept(messageId, feedback);
      deliveries.delete(messageId);
      note(messageId, undefined);
      if (outcome !== 'kept' && outcome !== 'aborted') onRefused(outcome);
      return outcome === 'kept';
    }
  }

  async function send(messageId: string, feedback: MessageFeedback | null): Promise<'kept' | 'aborted' | Problem> {
    const { transport, credentials, pause } = options;
    const signal = options.signal();
    const patience = options.patience();
    for (let failures = 1, refusals = 0; ; failures++) {
      const answer = await credentials.use(signal, (own) => transport.rate(own, { messageId, feedback }, signal));
      if (signal.aborted) return 'aborted';
      if (answer.kind === 'ok') return 'kept';
      const problem = answer.kind === 'refused' ? answer.problem : null;
      if (problem) refusals++;
      if (problem && (!problem.retryable || refusals >= MOST_REFUSALS)) return problem;
      if (!patience.aborted)
        await pause.wait({ atLeastMs: problem?.retryAfterMs ?? 0, upToMs: backoffMs(failures) }, patience);
      if (patience.aborted) return 'aborted';
    }
  }

  return {
    get pending() {
      return pending;
    },
    rate(messageId, feedback) {
      note(messageId, feedback);
      const delivery = deliveries.get(messageId) ?? deliver(messageId);
      deliveries.set(messageId, delivery);
      return delivery;
    },
  };
}

/** The messages with what is on its way. */
export function withRatings(messages: readonly ChatMessage[], ratings: PendingRatings): readonly ChatMessage[] {
  if (ratings.size === 0) return messages;
  return messages.map((message) => {
    const feedback = ratings.get(message.id);
    return feedback === undefined ? message : withFeedback(message, feedback);
  });
}
