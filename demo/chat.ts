import type { ChatMessage } from '#shared/protocol.ts';
import type { ResumableChat } from '#widget/resumable-chat.ts';

/** The widget on this page; null until its script has run. */
export function findChat(): ResumableChat | null {
  return document.querySelector('resumable-chat');
}

/** The text of a conversation's last answer; null while it has none. */
export function lastAnswer(messages: readonly ChatMessage[]): string | null {
  const answer = messages.findLast(({ role }) => role === 'assistant');
  if (!answer) return null;
  return answer.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
