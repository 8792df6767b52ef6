import type { ChatPart } from '#shared/protocol.ts';
import { fill } from '../format-text.ts';
import type { Strings } from '../locales/en.ts';
import { readSources, type Source } from './read-sources.ts';

/** Makes links of the numbers in brackets in a text that is done. */
export interface Citations {
  /** The text with the definitions that make links of its numbers. */
  cite(text: string): string;
  /** Gives the links that were drawn the looks and the names of citations. */
  mark(host: HTMLElement): void;
}

/** A longer text is left as it is, UTF-16 units: well below the length at which it would be drawn plain. */
const LONGEST = 200_000;
const CITATION = /\[\d{1,3}\]/;
/** `[1][4]` would be one link, to the second of them. */
const ADJACENT = /(\[\d{1,3}\])(?=\[\d{1,3}\])/g;
const CODE = /(`{3,}[^]*?`{3,}|~{3,}[^]*?~{3,}|`[^`\n]*`)/;
const FENCE = /^ {0,3}(?:`{3,}|~{3,})/gm;

/** What the numbers in an answer refer to; null when it has no source that a link can lead to. */
export function readCitations(parts: readonly ChatPart[], strings: Strings): Citations | null {
  const sources = readSources(parts, strings);
  return sources.every(({ href }) => href === null) ? null : createCitations(sources, strings);
}

/**
 * `[1]` is markdown's own reference to a link that is defined elsewhere. So definitions are put behind the text, which
 * draw nothing themselves. A definition of the answer's own comes first and counts.
 */
function createCitations(sources: readonly Source[], strings: Strings): Citations {
  const definitions = sources
    .map(({ href }, at) =>
      href === null ? '' : `[${at + 1}]: <${href.replaceAll('<', '%3C').replaceAll('>', '%3E')}>`,
    )
    .filter((line) => line !== '')
    .join('\n');

  return {
    cite(text) {
      const hasOpenFence = (text.match(FENCE) ?? []).length % 2 === 1;
      if (text.length > LONGEST || hasOpenFence || !CITATION.test(text)) return text;
      // The pieces at odd places are code, and stay as they are.
      const pieces = text.split(CODE).map((piece, at) => (at % 2 === 0 ? piece.replace(ADJACENT, '$1 ') : piece));
      return `${pieces.join('')}\n\n${definitions}\n`;
    },
    mark(host) {
      for (const link of host.querySelectorAll('a')) {
        const source = sources[Number(link.textContent) - 1];
        if (!source || source.href !== link.href) continue;
        link.classList.add('citation');
        link.part.add('citation');
        link.ariaLabel = fill(strings.source, { n: link.textContent, title: source.title });
      }
    },
  };
}
