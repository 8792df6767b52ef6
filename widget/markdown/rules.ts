import type MarkdownIt from 'markdown-it';
import type { StateBlock, StateInline } from 'markdown-it';
import { keepCells } from './table-cells.ts';

/**
 * Adds the rules for what models write beyond GFM: formulas, footnotes, `<br>` in a table's cell, links that are defined
 * later. Tables keep all of their text.
 */
export function addRules(md: InstanceType<typeof MarkdownIt>): void {
  keepCells(md);
  md.inline.ruler.before('escape', 'math', readMath);
  md.inline.ruler.before('escape', 'address', readAddress);
  md.inline.ruler.before('autolink', 'break', readBreak);
  // After `link`, which reads the links that are defined.
  md.inline.ruler.before('autolink', 'reference', readReference);
  md.block.ruler.before('fence', 'math_block', readMathBlock, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  });
  md.block.ruler.before('reference', 'footnote', readFootnote);
}

/** `[text][name]`, unless it is `list[0][1]` or a row of numbers. */
const REFERENCE = /^\[([^[\]]*\p{L}{2}[^[\]]*)\]\[[^[\]]+\]/u;
const LONGEST_REFERENCE = 400;

/** While more may come, a link without a definition counts as one: definitions mostly come last. */
function readReference(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax, env } = state;
  if (!env['unfinished'] || src[pos] !== '[' || /[\w\]]/.test(src[pos - 1] ?? '')) return false;
  const [whole, label] = REFERENCE.exec(src.slice(pos, Math.min(posMax, pos + LONGEST_REFERENCE))) ?? [];
  if (whole === undefined || label === undefined) return false;
  if (!silent) {
    state.push('link_open', 'a', 1);
    state.pos = pos + 1;
    state.posMax = state.pos + label.length;
    state.linkLevel += 1;
    state.md.inline.tokenize(state);
    state.linkLevel -= 1;
    state.push('link_close', 'a', -1);
  }
  state.pos = pos + whole.length;
  state.posMax = posMax;
  return true;
}

const DOLLAR = 0x24;
const LESS_THAN = 0x3c;
const BACKSLASH = 0x5c;

/** Closing marks that do not follow in a text, so that each opening mark need not search for them again. */
const missing = new WeakMap<StateInline, Set<string>>();

/** `\(…\)`, `\[…\]`, `$$…$$` and `$…$` are shown as they were written; marks inside them mean nothing. */
function readMath(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state;
  const mark = readMathMark(src, pos);
  if (mark === null) return false;
  const gone = missing.get(state);
  if (gone?.has(mark.close)) return false;
  const from = pos + mark.open.length;
  const at = src.indexOf(mark.close, from);
  if (at === -1) {
    missing.set(state, (gone ?? new Set()).add(mark.close));
    return false;
  }
  const end = at + mark.close.length;
  if (end > posMax || at === from) return false;
  // `$5 and $6` are prices.
  if (
    mark.close === '$' &&
    (/\s/.test(src[at - 1] ?? '') || /\d/.test(src[end] ?? '') || src.slice(from, at).includes('\n'))
  ) {
    return false;
  }
  if (!silent) state.push('math', '', 0).content = src.slice(pos, end);
  state.pos = end;
  return true;
}

function readMathMark(src: string, pos: number): { open: string; close: string } | null {
  const next = src[pos + 1];
  switch (src.charCodeAt(pos)) {
    case BACKSLASH:
      if (next === '(') return { open: '\\(', close: '\\)' };
      return next === '[' ? { open: '\\[', close: '\\]' } : null;
    case DOLLAR:
      if (next === '$') return { open: '$$', close: '$$' };
      return next !== undefined && /[^\s\d]/.test(next) && src[pos - 1] !== '$' ? { open: '$', close: '$' } : null;
    default:
      return null;
  }
}

const COLON = 0x3a;
const SCHEME = /https?$/i;

/** Ends at the last character that certainly belongs to the address: no mark around it, no `&name;` after it. */
const ADDRESS = /^:\/\/(?:[^\s<>[\]`|\\*~&]|&(?!#?[a-z0-9]{1,31};))*[^\s<>[\]`|\\*~&_?!.,:;'")]/i;

/** Marks in a written-out address mean nothing: `https://example.com/__init__.py` has no bold. */
function readAddress(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state;
  if (src.charCodeAt(pos) !== COLON || !SCHEME.test(src.slice(Math.max(0, pos - 5), pos))) return false;
  const address = ADDRESS.exec(src.slice(pos, posMax))?.[0];
  if (address === undefined) return false;
  if (!silent) state.pending += address;
  state.pos += address.length;
  return true;
}

const BREAK = /^<br[ \t]*\/?>/i;

/** The only HTML with a meaning here: a table's cell has no other line break. */
function readBreak(state: StateInline, silent: boolean): boolean {
  if (state.src.charCodeAt(state.pos) !== LESS_THAN) return false;
  const mark = BREAK.exec(state.src.slice(state.pos, state.pos + 16))?.[0];
  if (mark === undefined) return false;
  if (!silent) state.push('hardbreak', 'br', 0);
  state.pos += mark.length;
  return true;
}

/**
 * A line that is only `$$` or `\[` begins a formula, which ends at its closing mark or at a blank line. Since the first
 * line decides, what was drawn never turns into something else.
 */
function readMathBlock(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const open = readLine(state, startLine);
  if (open !== '$$' && open !== '\\[') return false;
  if (silent) return true;
  const close = open === '$$' ? '$$' : '\\]';
  let line = startLine + 1;
  while (line < endLine && !state.isEmpty(line) && (state.sCount[line] ?? 0) >= state.blkIndent) {
    line += 1;
    if (readLine(state, line - 1).endsWith(close)) break;
  }
  const token = state.push('math_block', '', 0);
  token.content = state.getLines(startLine, line, state.blkIndent, false).trimEnd();
  token.map = [startLine, line];
  state.line = line;
  return true;
}

const FOOTNOTE = /^\[\^[^\]\s]+\]:/;

/** A footnote is shown as a paragraph; CommonMark would take it for a link's definition and drop it. */
function readFootnote(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  if (!FOOTNOTE.test(readLine(state, startLine))) return false;
  if (silent) return true;
  const terminators = state.md.block.ruler.getRules('paragraph');
  let line = startLine + 1;
  while (line < endLine && !state.isEmpty(line) && (state.sCount[line] ?? 0) >= state.blkIndent) {
    const next = line;
    if (FOOTNOTE.test(readLine(state, next)) || terminators.some((rule) => rule(state, next, endLine, true))) break;
    line += 1;
  }
  state.line = line;
  state.push('paragraph_open', 'p', 1).map = [startLine, line];
  const inline = state.push('inline', '', 0);
  inline.content = state.getLines(startLine, line, state.blkIndent, false).trim();
  inline.map = [startLine, line];
  inline.children = [];
  state.push('paragraph_close', 'p', -1);
  return true;
}

function readLine(state: StateBlock, line: number): string {
  return state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]).trimEnd();
}
