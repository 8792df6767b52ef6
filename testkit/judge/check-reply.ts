import type { ModelCall, ModelServer } from '../model-server.ts';
import type { ReadMessage } from '../client/transcript.ts';

export interface Conversation {
  /** What was accepted, oldest first: the prompt and the run that was to answer it. */
  turns: { messageId: string; prompt: string; runId: string }[];
}

/**
 * What is wrong with a conversation, as sentences: every accepted prompt stands there to the letter and once, in order,
 * and under it what the model wrote: all of one call if the run was completed, its beginning if it was stopped.
 *
 * A run may have failed only if it was interrupted too often, which the caller judges by the returned count.
 */
export function checkConversation(
  messages: readonly ReadMessage[],
  { turns }: Conversation,
  model: ModelServer,
): { violations: string[]; completed: number; cancelled: number; failed: number } {
  const result = { violations: [] as string[], completed: 0, cancelled: 0, failed: 0 };
  const rest = [...messages];
  for (const { messageId, prompt, runId } of turns) {
    const question = rest.shift();
    if (question?.id !== messageId || question.text !== prompt) {
      result.violations.push(`prompt ${messageId} is not where it should be; there is ${JSON.stringify(question)}`);
      return result;
    }
    const reply = rest[0]?.role === 'assistant' ? rest.shift() : undefined;
    const calls = model.callsFor(prompt);
    const texts = calls.map(({ text }) => text);
    const found = describe(prompt, reply, calls);
    if (!reply || reply.status === 'cancelled') {
      // Stopped before it began: no reply at all, or one that the model was not asked for yet.
      result.cancelled += 1;
      if (reply && reply.text !== '' && !texts.some((text) => text.startsWith(reply.text)))
        result.violations.push(`not a beginning: ${found}`);
    } else if (reply.id !== runId) result.violations.push(`the reply is not that of run ${runId}: ${found}`);
    else if (reply.status === 'completed') {
      result.completed += 1;
      const written = calls.findIndex(({ text, finished }) => finished && text === reply.text);
      if (written < 0 || !calls.slice(written + 1).every(isHungUp))
        result.violations.push(`not what the model wrote: ${found}`);
    } else if (reply.status === 'failed') result.failed += 1;
    else result.violations.push(`run ${runId} has not ended: ${found}`);
  }
  if (rest.length > 0) result.violations.push(`messages that nobody asked for: ${JSON.stringify(rest)}`);
  return result;
}

/**
 * Calls are numbered as they arrive, so the one that stands need not be the last. A relay makes sure of its lease right
 * before it asks; if it is frozen between the two, or what it sends is held up, its call comes after that of the relay
 * which has taken over. The store refuses whatever it writes of it, and by the first such answer, or sooner by the live
 * channel or its next renewal, it hangs up. So every later call must have been hung up on before the relay had all of
 * it, also when the model had said its last word by then: one that a relay has heard to its end without knowing that it
 * is late would be a second writer.
 */
function isHungUp({ aborted }: ModelCall): boolean {
  return aborted;
}

/** What is there and what was written, short enough to be read. */
function describe(prompt: string, reply: ReadMessage | undefined, calls: readonly ModelCall[]): string {
  const short = (text: string): string => `${JSON.stringify(text.slice(0, 24))}… (${text.length})`;
  const there = reply ? `${reply.status} ${reply.id} ${short(reply.text)}` : 'nothing';
  const written = calls.map(
    ({ text, finished, aborted }) => `${short(text)}${finished ? ' to its end' : ''}${aborted ? ' aborted' : ''}`,
  );
  return `to ${JSON.stringify(prompt)} there is ${there}; the model wrote ${written.join(', ') || 'nothing'}`;
}
