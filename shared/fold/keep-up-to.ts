import type { ChatMessage } from '../protocol.ts';

/**
 * The messages that an edit or a regenerate keeps: those up to and including `parentId`. None for `''` (the start of the
 * conversation), all without a `parentId` or when there is no such message.
 */
export function keepUpTo(messages: readonly ChatMessage[], parentId: string | undefined): readonly ChatMessage[] {
  if (parentId === undefined) return messages;
  if (parentId === '') return [];
  const index = messages.findLastIndex(({ id }) => id === parentId);
  return index === -1 ? messages : messages.slice(0, index + 1);
}
