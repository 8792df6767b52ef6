import type { ChatMessage, MessageFeedback } from './protocol.ts';

/** The message with a reader's feedback under `metadata.feedback`; null removes it. */
export function withFeedback(message: ChatMessage, feedback: MessageFeedback | null): ChatMessage {
  const { feedback: _, ...rest } = message.metadata ?? {};
  return { ...message, metadata: feedback ? { ...rest, feedback } : rest };
}
