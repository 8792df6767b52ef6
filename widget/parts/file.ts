import { css, html } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import { asText } from '../as-text.ts';
import { safeUrl } from '../safe-url.ts';
import { renderLink } from './link.ts';
import { definePart } from './part-kind.ts';

/** A file that the model made: a link to it, or the image where the page allows images. */
export const file = definePart<Extract<ChatPart, { type: 'file' }>>({
  accepts: (part) => part.type === 'file',
  render({ url, mediaType, filename }, { strings, allowImages }) {
    if (typeof url !== 'string') return null;
    const name = asText(filename) ?? strings.file;
    const href = safeUrl(url);
    const isImage = asText(mediaType)?.startsWith('image/') ?? false;
    if (isImage && allowImages && (href !== null || url.startsWith('data:image/'))) {
      return html`<img class="image" part="image" src=${url} alt=${name} referrerpolicy="no-referrer" loading="lazy" />`;
    }
    return html`<div class="file" part="file">${href === null ? name : renderLink(href, name)}</div>`;
  },
  styles: css`
    .file {
      inline-size: fit-content;
      padding: 2px 10px;
      border-radius: 8px;
      font-size: 13px;
      color: var(--_soft);
      background: var(--_sunken);
    }
    .image {
      display: block;
      max-inline-size: 100%;
      border-radius: 12px;
    }
  `,
});
