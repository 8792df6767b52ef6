import { css, html } from 'lit';
import { renderLink } from './link.ts';
import { definePart } from './part-kind.ts';
import { isSource, readSources, type SourcePart } from './read-sources.ts';

/** The sources of an answer, as one numbered list below it. */
export const sources = definePart<SourcePart>({
  accepts: isSource,
  renderBelow(parts, { strings }) {
    return html`<div class="sources" part="sources">
      <div class="sources-name" aria-hidden="true">${strings.sources}</div>
      <ol aria-label=${strings.sources}>
        ${readSources(parts, strings).map(
          ({ title, href }) =>
            html`<li part="source"><bdi>${href === null ? title : renderLink(href, title)}</bdi></li>`,
        )}
      </ol>
    </div>`;
  },
  styles: css`
    .sources {
      font-size: 13px;
      line-height: 1.5;
      color: var(--_soft);
    }
    .sources-name {
      font-weight: 600;
    }
    .sources ol {
      margin: 2px 0 0;
      padding-inline-start: 1.9em;
      list-style: decimal;
    }
    .sources li {
      padding-block: 1px;
    }
    .sources li::marker {
      font-variant-numeric: tabular-nums;
    }
    @media (pointer: coarse) {
      .sources li a {
        display: inline-flex;
        align-items: center;
        min-block-size: 44px;
      }
    }
  `,
});
