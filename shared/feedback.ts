import type { ChatMessage, MessageFeedback } from './protocol.ts';

/** The message with what its reader thinks of it under `metadata.feedback`; null: nothing. */
export function withFeedback(message: ChatMessage, feedback: MessageFeedback | null): ChatMessage {
  const { feedback: _, ...rest } = message.metadata ?? {};
  return { ...message, metadata: feedback ? { ...rest, feedback } : rest };
}
