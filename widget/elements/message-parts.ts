import { html, nothing, type TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import { fill, type Strings } from '../locales/en.ts';

export interface PartContext {
  strings: Strings;
  allowImages: boolean;
}

type Drawn = TemplateResult | typeof nothing;

/** One part of an answer. Parts of a kind that this version does not know are not drawn. */
export function renderPart(part: ChatPart, context: PartContext): Drawn {
  const { strings, allowImages } = context;
  switch (part.type) {
    case 'text':
      return html`<rc-text class="text" .content=${{ text: part.text, done: part.state !== 'streaming', strings, allowImages }}></rc-text>`;
    case 'reasoning':
      return html`<details class="reasoning" part="reasoning">
        <summary>${strings.reasoning}</summary>
        <rc-text class="text" .content=${{ text: part.text, done: part.state !== 'streaming', strings, allowImages }}></rc-text>
      </details>`;
    case 'file':
      return renderFile(part, context);
    case 'dynamic-tool':
      return renderTool(part.toolName, part.state, strings);
    default:
      return part.type.startsWith('tool-') && 'state' in part && 'toolCallId' in part
        ? renderTool(part.type.slice('tool-'.length), part.state, strings)
        : nothing;
  }
}

/** What an answer says it is based on, as one list under it. */
export function renderSources(parts: readonly ChatPart[], strings: Strings): Drawn {
  const items = parts.flatMap((part) => {
    if (part.type === 'source-document') return [html`<li>${part.title}</li>`];
    if (part.type !== 'source-url') return [];
    const title = part.title ?? part.url;
    const href = safeUrl(part.url);
    return [href === null ? html`<li>${title}</li>` : html`<li>${renderLink(href, title)}</li>`];
  });
  return items.length === 0
    ? nothing
    : html`<ul class="sources" part="sources" aria-label=${strings.sources}>
        ${items}
      </ul>`;
}

function renderTool(name: string, state: string, strings: Strings): TemplateResult {
  const tool = name.replace(/[-_]+/g, ' ');
  const [text, kind] = state.startsWith('output-error') || state === 'output-denied'
    ? [strings.toolFailed, 'failed']
    : state === 'output-available'
      ? [strings.toolDone, 'done']
      : [strings.toolRunning, 'running'];
  return html`<div class="tool ${kind}" part="tool">${fill(text, { tool })}</div>`;
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

function renderLink(href: string, text: string): TemplateResult {
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`;
}

const SAFE_PROTOCOLS: readonly string[] = ['http:', 'https:', 'mailto:'];

/** The address if a link may lead there, else null: what a model writes is not to be trusted. */
export function safeUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return SAFE_PROTOCOLS.includes(url.protocol) ? url.href : null;
}
