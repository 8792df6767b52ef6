import { convertToModelMessages, type ModelMessage, type ToolSet } from 'ai';
import type { ChatMessage } from '#shared/protocol.ts';
import { byteLength } from '../util/byte-length.ts';

/** How much of the conversation the model is sent. The newest turn is always sent whole. */
export interface HistoryBounds {
  /** Messages, questions and answers alike. */
  maxMessages: number;
  /** Bytes of all message parts together, as JSON in UTF-8. */
  maxBytes: number;
}

/**
 * The bounds when nothing else is said. 64 KiB are some 16,000 tokens of English, which fits every model in use with
 * room for its answer; 50 messages keep the cost of many short turns down.
 */
export const DEFAULT_HISTORY: HistoryBounds = { maxMessages: 50, maxBytes: 64 * 1024 };

/**
 * Makes the model's input: the visible conversation with its cancelled and failed replies, and what the reply that is
 * being written has so far. A conversation beyond the bounds loses its oldest turns, each with question and answer.
 */
export async function toModelInput(
  messages: readonly ChatMessage[],
  tools: ToolSet,
  bounds: HistoryBounds = DEFAULT_HISTORY,
): Promise<ModelMessage[]> {
  return await convertToModelMessages(newestTurns(messages, bounds).map(withoutUnsignedReasoning), {
    tools,
    // Most providers refuse a call without an answer.
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

/** The newest whole turns within the bounds, the oldest first. Begins with a user's message if there is one. */
export function newestTurns(
  messages: readonly ChatMessage[],
  { maxMessages, maxBytes }: HistoryBounds = DEFAULT_HISTORY,
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
 * Leaves out reasoning that the provider has not signed: sending it back costs tokens and has no effect, and some
 * servers refuse it.
 */
function withoutUnsignedReasoning(message: ChatMessage): ChatMessage {
  if (message.role !== 'assistant') return message;
  const parts = message.parts.filter((part) => part.type !== 'reasoning' || part.providerMetadata !== undefined);
  return { ...message, parts };
}
