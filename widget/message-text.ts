import type { ChatMessage, ChatPart } from '#shared/protocol.ts';

/** The texts of a message. A text part whose text is no text, which only a faulty tool or proxy sends, says nothing. */
export function readTexts(parts: readonly ChatPart[]): string[] {
  return parts.flatMap((part) => (part.type === 'text' && typeof part.text === 'string' ? [part.text] : []));
}

/** What a message says, as the markdown it was written in: its texts, a blank line between two of them. */
export function readMarkdown(parts: readonly ChatPart[]): string {
  return readTexts(parts)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n');
}

/** The visitor's own prompts, oldest first. */
export function readPrompts(messages: readonly ChatMessage[]): string[] {
  return messages.filter(({ role }) => role === 'user').map(({ parts }) => readMarkdown(parts));
}
