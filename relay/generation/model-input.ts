import { convertToModelMessages, type ModelMessage, type ToolSet } from 'ai';
import type { ChatMessage } from '#shared/protocol.ts';
import { byteLength } from '../util/byte-length.ts';

/** What the model is sent of a conversation, at most. */
export const MAX_HISTORY_MESSAGES = 50;
export const MAX_HISTORY_BYTES = 64 * 1024;

/**
 * What the model is sent: the visible conversation, stopped and failed replies included, and what the reply that is
 * being written has so far. Where it is too long the oldest turns are left out, each with its question and its answer;
 * the newest is always sent whole.
 */
export async function toModelInput(messages: readonly ChatMessage[], tools: ToolSet): Promise<ModelMessage[]> {
  return await convertToModelMessages(newestTurns(messages).map(withoutUnsendable), {
    tools,
    // A call without an answer is refused by most providers.
    ignoreIncompleteToolCalls: true,
  });
}

/**
 * The conversation as the model was sent it for the turn that the reply is in: with the reply's earlier turns, without
 * what this turn has added. The AI SDK gives its tools the same.
 */
export function beforeCurrentTurn(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const reply = messages.at(-1);
  if (reply?.role !== 'assistant') return messages;
  const turnStart = reply.parts.findLastIndex(({ type }) => type === 'step-start');
  return messages.with(messages.length - 1, { ...reply, parts: reply.parts.slice(0, Math.max(turnStart, 0)) });
}

/** The newest whole turns within the bounds, the oldest first; begins with a user's message if there is one. */
export function newestTurns(
  messages: readonly ChatMessage[],
  { maxMessages = MAX_HISTORY_MESSAGES, maxBytes = MAX_HISTORY_BYTES } = {},
): ChatMessage[] {
  const sent = messages.filter((message) => message.parts.length > 0);
  let from = sent.length;
  let bytes = 0;
  for (let index = sent.length - 1; index >= 0; index -= 1) {
    const message = sent[index];
    if (!message) break;
    bytes += byteLength(JSON.stringify(message.parts));
    const fits = sent.length - index <= maxMessages && bytes <= maxBytes;
    const isNewestTurn = from === sent.length;
    if (!fits && !isNewestTurn) break;
    if (message.role === 'user') from = index;
  }
  return sent.slice(from);
}

/**
 * Reasoning without the provider's own mark is a note for the reader: to send it back costs tokens, and some servers
 * refuse it.
 */
function withoutUnsendable(message: ChatMessage): ChatMessage {
  if (message.role !== 'assistant') return message;
  const parts = message.parts.filter((part) => part.type !== 'reasoning' || part.providerMetadata !== undefined);
  return { ...message, parts };
}
