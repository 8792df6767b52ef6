import type { ChatPart } from '#shared/protocol.ts';
import { asText } from '../as-text.ts';
import type { Strings } from '../locales/en.ts';
import { safeUrl } from '../safe-url.ts';

/** A part that names a source of an answer. */
export type SourcePart = Extract<ChatPart, { type: 'source-url' | 'source-document' }>;

/** A source as it is shown. */
export interface Source {
  title: string;
  /** Where its link leads; null when it has no address, or none to be trusted. */
  href: string | null;
}

/** Whether a part names a source. */
export function isSource(part: ChatPart): part is SourcePart {
  return part.type === 'source-url' || part.type === 'source-document';
}

/** What an answer says it is based on, in its order: `[1]` in its text is the first of these. */
export function readSources(parts: readonly ChatPart[], { partNotShown }: Strings): Source[] {
  return parts.filter(isSource).map((part) => {
    const url = part.type === 'source-url' ? asText(part.url) : null;
    const name = part.type === 'source-url' ? url : asText(part.filename);
    return { title: asText(part.title) ?? name ?? partNotShown, href: url === null ? null : safeUrl(url) };
  });
}
