import type MarkdownIt from 'markdown-it';
import type { StateBlock, StateInline } from 'markdown-it';
import { keepCells } from './table-cells.ts';

/**
 * Teaches markdown-it what models write beyond GFM: formulas, footnotes, `<br>` in a table's cell, links whose definition
 * has not come yet; and that no text of a table is dropped.
 */
export function addRules(md: InstanceType<typeof MarkdownIt>): void {
  keepCells(md);
  md.inline.ruler.before('escape', 'math', readMath);
  md.inline.ruler.before('escape', 'address', readAddress);
  md.inline.ruler.before('autolink', 'break', readBreak);
  // After `link`, which knows the definitions that are there.
  md.inline.ruler.before('autolink', 'reference', readReference);
  md.block.ruler.before('fence', 'math_block', readMathBlock, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  });
  md.block.ruler.before('reference', 'footnote', readFootnote);
}

/** `[text][name]`, unless it is `list[0][1]` or a row of numbers. */
const REFERENCE = /^\[([^[\]]*\p{L}{2}[^[\]]*)\]\[[^[\]]+\]/u;
const LONGEST_REFERENCE = 400;

/** As long as more may come, a link whose definition is not there is one all the same: mostly it comes last. */
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

/** Closing marks that a text is known not to have any more, so that each opening one need not look for it again. */
const missing = new WeakMap<StateInline, Set<string>>();

/** `\(…\)`, `\[…\]`, `$$…$$` and `$…$` are kept as they are written: marks inside them are none. */
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

/** To the last character that is of the address for certain, and no mark around it. A name of a character is none of it. */
const ADDRESS = /^:\/\/(?:[^\s<>[\]`|\\*~&]|&(?!#?[a-z0-9]{1,31};))*[^\s<>[\]`|\\*~&_?!.,:;'")]/i;

/** An address that is written out is a piece: `https://example.com/__init__.py` says nothing in bold. */
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

/** The one piece of HTML that has a meaning here: a table's cell has no other way to say it. */
function readBreak(state: StateInline, silent: boolean): boolean {
  if (state.src.charCodeAt(state.pos) !== LESS_THAN) return false;
  const mark = BREAK.exec(state.src.slice(state.pos, state.pos + 16))?.[0];
  if (mark === undefined) return false;
  if (!silent) state.push('hardbreak', 'br', 0);
  state.pos += mark.length;
  return true;
}

/**
 * A line that is `$$` or `\[` alone begins a formula, up to its closing mark or to a blank line. That the first line
 * decides alone keeps what is drawn from changing its nature later.
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

/** A footnote is kept as the paragraph it reads as; CommonMark would take it for the address of a link, and drop it. */
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
