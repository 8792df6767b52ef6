import type { Env, Token } from 'markdown-it';
import { MAX_NESTING, type Parser } from './parser.ts';
import { append, element, textOf, type Attributes, type VElement, type VNode } from './vnode.ts';

/** Depth of marks within marks; of deeper ones only the text is drawn. */
const MAX_MARKS = 24;

/** A cell with this many UTF-16 units stays on one line; a longer one may wrap, but not to a column of single words. */
const SHORT_CELL = 16;

/** Matches when the first letter is of a script that runs from right to left, such as Hebrew or Arabic. */
const RIGHT_TO_LEFT = /^\P{L}*[\u0590-\u08ff]/u;

/** What blocks are built with. */
export interface BuildOptions {
  parser: Parser;
  env: Env;
  /** Replaces the content of the last piece of inline text: the same text with its marks closed. */
  lastInline?: string;
  /** Inline text of the last renders, by its source, for a block that is read again and again. */
  drawn?: InlineCache;
}

/** Inline text that was built before: the same source gives the same nodes. */
export interface InlineCache {
  get(source: string): readonly VNode[] | undefined;
  set(source: string, nodes: readonly VNode[]): void;
}

/** Builds one top-level block of tokens as it is to be drawn. */
export function buildBlock(tokens: readonly Token[], source: string, options: BuildOptions): VNode {
  if (tokens.some(isTooDeep)) return element('p', null, [source.trim()]);
  const root: VNode[] = [];
  const parents: VNode[][] = [];
  const last = options.lastInline === undefined ? -1 : tokens.findLastIndex(({ type }) => type === 'inline');
  let children = root;
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'inline') {
      buildInline(token, at === last ? (options.lastInline ?? '') : token.content, tokens[at - 2], children, options);
    } else if (token.nesting === 1) {
      const opened = open(
        token,
        tokens[at + 1],
        children === root && RIGHT_TO_LEFT.test(source) ? { dir: 'rtl' } : null,
      );
      append(children, token.tag === 'table' ? element('div', { class: 'table', tabindex: '0' }, [opened]) : opened);
      parents.push(children);
      children = opened.children;
    } else if (token.nesting === -1) children = parents.pop() ?? root;
    else append(children, buildLeaf(token, options.parser));
  }
  return root[0] ?? '';
}

/** At this depth markdown-it silently stops reading. */
function isTooDeep({ nesting, level, type }: Token): boolean {
  return nesting === 1 && level >= MAX_NESTING - 1 && type !== 'paragraph_open';
}

/** Builds an element whose children follow. `attributes`: those it has whatever it is. */
function open(token: Token, content: Token | undefined, attributes: Attributes | null): VElement {
  switch (token.tag) {
    case 'p':
      return element('p', token.hidden ? { class: 'tight' } : null);
    case 'ol': {
      const start = token.attrGet('start');
      return element('ol', start === null ? attributes : { ...attributes, start: String(start) });
    }
    case 'th':
    case 'td': {
      // An attribute of its own: a strict Content-Security-Policy forbids style attributes.
      const align = /text-align:(\w+)/.exec(String(token.attrGet('style') ?? ''))?.[1];
      const looks = {
        ...(align === undefined ? null : { align }),
        ...((content?.content.length ?? 0) > SHORT_CELL ? { class: 'long' } : null),
      };
      // A heading without words would still be read out as one.
      return element(content?.content === '' ? 'td' : token.tag, looks);
    }
    default:
      return element(token.tag, attributes);
  }
}

function buildLeaf(token: Token, parser: Parser): VNode {
  switch (token.type) {
    case 'fence': {
      const language = parser.unescape(token.info).trim().split(/\s+/, 1)[0] ?? '';
      return element('pre', language === '' ? null : { language }, token.content === '' ? [] : [token.content]);
    }
    case 'code_block':
      return element('pre', null, [token.content]);
    case 'hr':
      return element('hr');
    case 'math_block':
      return element('p', { class: 'math' }, [token.content]);
    default:
      return token.content;
  }
}

const TASK = /^\[[ xX]\][ \t]/;

function buildInline(
  token: Token,
  content: string,
  before: Token | undefined,
  into: VNode[],
  options: BuildOptions,
): void {
  let text = content;
  if (before?.type === 'list_item_open' && TASK.test(token.content)) {
    const checked = token.content[1] !== ' ';
    into.push(element('input', { type: 'checkbox', disabled: '', ...(checked ? { checked: '' } : null) }));
    text = text.slice(3);
  }
  for (const node of readInline(text, options)) append(into, node);
}

function readInline(text: string, { parser, env, drawn }: BuildOptions): readonly VNode[] {
  const known = drawn?.get(text);
  const nodes: VNode[] = [];
  if (!known) buildMarks(parser.readInline(text, env), nodes, parser);
  drawn?.set(text, known ?? nodes);
  return known ?? nodes;
}

function buildMarks(tokens: readonly Token[], into: VNode[], parser: Parser): void {
  /** The children of the marks around this one; null for a mark that is too deep to be drawn. */
  const parents: (VNode[] | null)[] = [];
  let children = into;
  let links = 0;
  let text = '';
  const flush = (): void => {
    if (text === '') return;
    if (links > 0) append(children, text);
    else
      for (const piece of parser.splitLinks(text))
        append(children, typeof piece === 'string' ? piece : anchor(piece.href, piece.text));
    text = '';
  };
  for (const token of tokens) {
    if (token.type === 'text' || token.type === 'text_special') {
      text += token.content;
      continue;
    }
    if (token.type === 'softbreak') {
      text += '\n';
      continue;
    }
    flush();
    if (token.tag === 'a') links += token.nesting;
    if (token.nesting === 1) {
      const drawn = parents.length < MAX_MARKS;
      parents.push(drawn ? children : null);
      if (!drawn) continue;
      const tag = token.tag === 's' ? 'del' : token.tag;
      const opened = element(tag, tag === 'a' ? readAttributes(token, ['href', 'title']) : null);
      children.push(opened);
      children = opened.children;
    } else if (token.nesting === -1) children = parents.pop() ?? children;
    else append(children, buildAtom(token, parser));
  }
  flush();
}

function buildAtom(token: Token, parser: Parser): VNode {
  switch (token.type) {
    case 'hardbreak':
      return element('br');
    case 'code_inline':
      return element('code', { part: 'inline-code' }, token.content === '' ? [] : [token.content]);
    case 'math':
      return element('span', { class: 'math' }, [token.content]);
    case 'image': {
      const alt: VNode[] = [];
      buildMarks(token.children ?? [], alt, parser);
      return element('img', { ...readAttributes(token, ['src', 'title']), alt: textOf(alt) });
    }
    default:
      return token.content;
  }
}

function anchor(href: string, text: string): VElement {
  return element('a', { href }, [text]);
}

function readAttributes(token: Token, names: readonly string[]): Attributes {
  const attributes: Record<string, string> = {};
  for (const [name, value] of token.attrs ?? []) if (names.includes(name)) attributes[name] = String(value);
  return attributes;
}
