import type { TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import type { ExtraTools } from '../../extras-part.ts';
import type { Strings } from '../../locales/en.ts';

export interface Source {
  title: string;
  /** Where a link may lead; null when it is no address, or none to be trusted. */
  href: string | null;
}

/** What an answer says it is based on, in its order. */
export function readSources(parts: readonly ChatPart[], safeUrl: ExtraTools['safeUrl']): Source[] {
  return parts.flatMap((part): Source[] => {
    if (part.type === 'source-document') return [{ title: part.title, href: null }];
    if (part.type !== 'source-url') return [];
    return [{ title: part.title ?? part.url, href: safeUrl(part.url) }];
  });
}

/** Draws the sources as one numbered list under the answer. */
export function createSourceList(
  tools: ExtraTools,
): (parts: readonly ChatPart[], strings: Strings) => TemplateResult | null {
  const { html, renderLink, safeUrl } = tools;
  return (parts, strings) => {
    const sources = readSources(parts, safeUrl);
    if (sources.length === 0) return null;
    return html`<div class="sources" part="sources">
      <div class="sources-name" aria-hidden="true">${strings.sources}</div>
      <ol aria-label=${strings.sources}>
        ${sources.map(({ title, href }) => html`<li part="source"><bdi>${href === null ? title : renderLink(href, title)}</bdi></li>`)}
      </ol>
    </div>`;
  };
}
