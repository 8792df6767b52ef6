import { isDeepStrictEqual } from 'node:util';
import { checkConversation, type Conversation, type ConversationVerdict } from './check-reply.ts';
import { checkAgreement, checkHistory, type SnapshotRule } from './check-history.ts';
import type { ModelServer } from '../model/model-server.ts';
import type { SessionState } from '../client/protocol-client.ts';
import { readMessages } from '../client/transcript.ts';
import type { Viewer } from '../client/viewer.ts';
import { isTerminal } from '../client/wire.ts';

/** All that is known of a session when it is over. */
export interface SessionHistory extends Conversation {
  /** Viewers that followed to the end, from any cursor. */
  viewers: readonly Pick<Viewer, 'received' | 'transcript'>[];
  /** The state of the session, read from the relay at the end. */
  state: SessionState;
  model: ModelServer;
  /** When viewers may get snapshots; `first` when not given. */
  snapshots?: SnapshotRule;
}

/** The relay's default (`DEFAULT_MAX_ATTEMPTS`). */
const MAX_ATTEMPTS = 3;

/**
 * Judges the history of a session by what its viewers saw, what the relay says, and what the model was asked and wrote.
 * One sentence for each violation of these rules:
 *
 * - each viewer got each message once, in order, without a gap, and nothing after a run's one terminal message;
 * - all viewers agree with each other and, at the end, with the relay;
 * - every prompt was answered by exactly what the model wrote for it, or its run was stopped, or interrupted too often;
 * - the model was asked at most once per turn and attempt, and each viewer that saw a run begin saw it end.
 */
export function checkSession({
  viewers,
  state,
  model,
  snapshots = 'first',
  ...conversation
}: SessionHistory): ConversationVerdict {
  const messages = readMessages(state.messages);
  const { violations, ...counts } = checkConversation(messages, conversation, model);
  // The models of the tests never fail, so that a run can only fail by its attempts.
  for (const { metadata } of state.messages) {
    const { attempt = 0, problem } = metadata?.run ?? {};
    if (problem === undefined) continue;
    if (problem.code !== 'attempts-exhausted') violations.push(`a run failed with ${problem.code}`);
    else if (attempt !== MAX_ATTEMPTS)
      violations.push(`a run was given up after attempt ${attempt} of ${MAX_ATTEMPTS}`);
  }
  if (state.run !== null) violations.push(`the run ${state.run.runId} is still active`);
  for (const [index, { received, transcript }] of viewers.entries()) {
    const add = (sentence: string): number => violations.push(`viewer ${index}: ${sentence}`);
    checkHistory(received, { snapshots }).forEach(add);
    if (!isDeepStrictEqual(transcript.messages(), messages)) {
      add(
        `ends with another state: ${JSON.stringify(transcript.messages().at(-1))} and not ${JSON.stringify(messages.at(-1))}`,
      );
    }
  }
  violations.push(...checkAgreement(viewers.map(({ received }) => received)));
  for (const { prompt, runId } of conversation.turns) {
    // Where snapshots may come at any time, one may replace the rest of a run.
    for (const { received } of snapshots === 'first' ? viewers : []) {
      const run = received.map(({ frame }) => frame).filter(({ message }) => message.runId === runId);
      const begins = run.filter(({ message }) => ['started', 'restarted'].includes(String(message['status']))).length;
      const saw = run.some(({ message }) => message.type === 'message' || message['status'] === 'queued');
      if (!saw) continue;
      if (!run.some(isTerminal)) violations.push(`run ${runId} was seen to begin and not to end`);
      // At most: a relay may die between its claim and its call, and a turn that was journaled is not asked for again.
      for (const [turn, calls] of Map.groupBy(model.callsFor(prompt), (call) => call.turn)) {
        if (calls.length > begins)
          violations.push(
            `${calls.length} model calls for ${begins} attempts at turn ${turn} of ${JSON.stringify(prompt)}`,
          );
      }
    }
  }
  return { violations, ...counts };
}
