import MarkdownIt, { type Env, type StateInline, type Token } from 'markdown-it';
import { createLinkSplitter, type Piece } from './autolink.ts';
import { addRules } from './rules.ts';

/**
 * Containers within each other: a list takes two, a quote one. Below that markdown-it drops the text and says nothing, so
 * build.ts looks for it and draws such a block plain.
 */
export const MAX_NESTING = 60;

/** Reads markdown: markdown-it, tuned to what models write. */
export interface Parser {
  /** The block tokens of a source; link definitions go into `env`. Inline content is not read. */
  readBlocks(source: string, env: Env): Token[];
  /** The tokens of a piece of inline content. */
  readInline(content: string, env: Env): Token[];
  /** Marks of emphasis in `content` that are open at its end, the first one first: `*`, `_` or `~~`. */
  findOpenMarks(content: string, env: Env): string[];
  /** Resolves what a code block's info string escapes. */
  unescape(text: string): string;
  /** Splits a text at the addresses in it that are links without a mark. */
  splitLinks(text: string): Piece[];
}

/** Creates a parser. It keeps no state between two texts. */
export function createParser(): Parser {
  const md = new MarkdownIt({ html: false, linkify: false, typographer: false, maxNesting: MAX_NESTING });
  md.inline.State = class extends md.inline.State {
    override scanDelims(start: number, canSplitWord: boolean): Flanking {
      return relaxFlanking(this, start, super.scanDelims(start, canSplitWord));
    }
  };
  // Browsers encode international host names themselves, and addresses are shown as they were written.
  md.normalizeLink = encode;
  md.normalizeLinkText = (url) => url;
  addRules(md);

  return {
    readBlocks(source, env) {
      const tokens: Token[] = [];
      md.block.parse(source, md, env, tokens);
      return tokens;
    },
    readInline(content, env) {
      const tokens: Token[] = [];
      md.inline.parse(content, md, env, tokens);
      return tokens;
    },
    findOpenMarks(content, env) {
      const state = new md.inline.State(content, md, env, []);
      md.inline.tokenize(state);
      const [balancePairs] = md.inline.ruler2.getRules('');
      balancePairs?.(state);
      return state.delimiters
        .filter(({ open, end }) => open && end < 0)
        .map(({ marker }) => (marker === TILDE ? '~~' : String.fromCharCode(marker)));
    },
    unescape: (text) => md.utils.unescapeAll(text),
    splitLinks: createLinkSplitter(md),
  };
}

/** Characters that no address has become `%…`; those that are written so already are kept. */
function encode(url: string): string {
  return encodeURI(url.toWellFormed()).replaceAll(/%25([0-9a-f]{2})/gi, '%$1');
}

const TILDE = 0x7e;
const ASTERISK = 0x2a;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/**
 * Lets `**“word”**more` and `**単語。**次` be bold. CommonMark wants a space or punctuation on the other side of a mark
 * beside punctuation; but models write this often, Chinese and Japanese have no spaces, and nobody means two asterisks.
 */
function relaxFlanking({ src }: StateInline, start: number, found: Flanking): Flanking {
  if (src.charCodeAt(start) !== ASTERISK || found.length < 2) return found;
  const before = src[start - 1] ?? ' ';
  const after = src[start + found.length] ?? ' ';
  if (/\s/.test(before) || /\s/.test(after)) return found;
  return {
    ...found,
    can_close: found.can_close || PUNCTUATION.test(before),
    can_open: found.can_open || PUNCTUATION.test(after),
  };
}

type Flanking = ReturnType<StateInline['scanDelims']>;
