import { isDeepStrictEqual } from 'node:util';
import { checkConversation, type Conversation, type ConversationVerdict } from './check-reply.ts';
import { checkAgreement, checkHistory, type SnapshotRule } from './history-checker.ts';
import type { ModelServer } from '../model/model-server.ts';
import type { SessionState } from '../client/protocol-client.ts';
import { readMessages } from '../client/transcript.ts';
import type { Viewer } from '../client/viewer.ts';
import { isTerminal } from '../client/wire.ts';

export interface SessionHistory extends Conversation {
  /** Everybody who watched, from wherever on, to the end. */
  viewers: readonly Pick<Viewer, 'received' | 'transcript'>[];
  /** What the relay says of the session when all is over. */
  state: SessionState;
  model: ModelServer;
  /** `any` where a viewer's cursor may lie before the last finished run. */
  snapshots?: SnapshotRule;
}

/** The relay's default (`DEFAULT_MAX_ATTEMPTS`). */
const MAX_ATTEMPTS = 3;

/**
 * The whole history of a session, judged at its end by what all its viewers saw, what the relay says, and what the
 * model was asked and wrote. As sentences, what is wrong of this:
 *
 * - each viewer got each message once, in order, without a gap, and nothing after a run's one terminal message;
 * - all viewers agree with one another and, at the end, with the relay;
 * - every prompt was answered, by exactly what the model wrote for it, or its run was interrupted too often;
 * - the model was asked once for each attempt of a run and not more often, and each run ended for each who saw it begin.
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
  // Nothing else may end a run here: the models of the tests never fail.
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
    // A snapshot may stand for the rest of a run.
    for (const { received } of snapshots === 'first' ? viewers : []) {
      const run = received.map(({ frame }) => frame).filter(({ message }) => message.runId === runId);
      const begins = run.filter(({ message }) => ['started', 'restarted'].includes(String(message['status']))).length;
      const saw = run.some(({ message }) => message.type === 'message' || message['status'] === 'queued');
      if (!saw) continue;
      if (!run.some(isTerminal)) violations.push(`run ${runId} was seen to begin and not to end`);
      // A claim whose owner dies before it asks costs no call; a turn that was journaled is not asked for again.
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
