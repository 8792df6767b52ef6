import { html, nothing, type TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import type { Extras } from '../extras-part.ts';
import { fill, type Strings } from '../locales/en.ts';
import type { Citations } from './text-renderer.ts';

export interface PartContext {
  strings: Strings;
  allowImages: boolean;
  /** Null as long as they have not come. */
  extras: Extras | null;
  /** What `[1]` in a text refers to; null while more may come, and when there is nothing. */
  citations: Citations | null;
}

export type ToolPart = Extract<ChatPart, { toolCallId: string }>;

type Drawn = TemplateResult | typeof nothing;

/** One part of an answer. Parts of a kind that this version does not know are not drawn. */
export function renderPart(part: ChatPart, context: PartContext): Drawn {
  const { strings, extras } = context;
  if (part.type === 'text') return renderText(part, context);
  if (part.type === 'file') return renderFile(part, context);
  if (part.type === 'reasoning') return extras?.renderReasoning(part, context) ?? renderLine(strings.reasoning);
  if (isToolPart(part)) return extras?.renderToolStep(part, strings) ?? renderLine(describeTool(part, strings));
  return nothing;
}

/** Is there anything among these that the extras draw? */
export function needsExtras(parts: readonly ChatPart[]): boolean {
  return parts.some((part) => part.type === 'reasoning' || part.type.startsWith('source-') || isToolPart(part));
}

export function isToolPart(part: ChatPart): part is ToolPart {
  return (part.type === 'dynamic-tool' || part.type.startsWith('tool-')) && 'toolCallId' in part && 'state' in part;
}

/** What a tool does, has done or could not do, in a few words. */
export function describeTool(part: ToolPart, strings: Strings): string {
  const { state } = part;
  const name = part.type === 'dynamic-tool' ? part.toolName : part.type.slice('tool-'.length);
  const text =
    state === 'output-error' || state === 'output-denied'
      ? strings.toolFailed
      : state === 'output-available'
        ? strings.toolDone
        : strings.toolRunning;
  return fill(text, { tool: part.title ?? name.replace(/[-_]+/g, ' ') });
}

export function renderText(
  { text, state }: { text: string; state?: 'streaming' | 'done' },
  { strings, allowImages, citations }: PartContext,
): TemplateResult {
  const content = { text, done: state !== 'streaming', strings, allowImages, citations };
  return html`<rc-text class="text" .content=${content}></rc-text>`;
}

function renderLine(text: string): TemplateResult {
  return html`<div class="note">${text}</div>`;
}

function renderFile(part: Extract<ChatPart, { type: 'file' }>, { strings, allowImages }: PartContext): TemplateResult {
  const name = part.filename ?? strings.file;
  const isImage = part.mediaType.startsWith('image/');
  if (isImage && allowImages && (part.url.startsWith('data:image/') || safeUrl(part.url) !== null)) {
    return html`<img class="image" part="image" src=${part.url} alt=${name} referrerpolicy="no-referrer" loading="lazy" />`;
  }
  const href = safeUrl(part.url);
  return html`<div class="file" part="file">${href === null ? name : renderLink(href, name)}</div>`;
}

export function renderLink(href: string, text: string): TemplateResult {
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`;
}

const SAFE_PROTOCOLS: readonly string[] = ['http:', 'https:', 'mailto:'];

/** The address if a link may lead there, else null: what a model writes is not to be trusted. */
export function safeUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return SAFE_PROTOCOLS.includes(url.protocol) ? url.href : null;
}
