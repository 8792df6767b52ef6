import type { ChatPart } from '#shared/protocol.ts';

/** What a message says, as the markdown it was written in: its texts, a blank line between two of them. */
export function readMarkdown(parts: readonly ChatPart[]): string {
  return parts
    .flatMap((part) => (part.type === 'text' && part.text.trim() !== '' ? [part.text.trim()] : []))
    .join('\n\n');
}
