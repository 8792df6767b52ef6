import type { Env } from 'markdown-it';
import type { Parser } from './parser.ts';

/** Marks that were opened more UTF-16 units ago than this are taken for text: most of them never close. */
const MAX_OPEN = 400;

/** The marks of quotes and lists before a line. */
const CONTAINERS = /^(?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])[ \t]+){0,100}/;

/** A line that can still become a rule, list, heading, fence, table, formula or definition. */
const UNDECIDED =
  /^(?:[-*+=_#][-*+=_# \t]*|[-:][-:| \t]*|`+|~+|\d{1,9}[.)]?|\|.*|\$\$?|\\\[?|\[(?!\^)[^\]]{0,999}(?:\](?::.*|[ \t]*))?)?$/;
const HALF_FENCE = /^(`{3,}|~{3,})[^`]*$/;
const FENCE_MARK = /^(?:`+|~+)$/;

/** A table's first line may begin without a bar: the text before its first bar is shown. Prose is longer. */
const BARE_HEADER = /^[^|`\\[]{1,100}?(?=[ \t]*\|.{0,200}$)/;
const BLANK_BEFORE = /(?:^|\n)[ \t>]*$/;

/**
 * Leaves out the end of a source that is still being written while it is undecided what it will be, so that nothing is
 * shown as text first. `inFence`: its last line is in a code block.
 */
export function holdBack(source: string, inFence: boolean): string {
  const start = source.lastIndexOf('\n') + 1;
  const line = source.slice(start);
  const containers = CONTAINERS.exec(line)?.[0] ?? '';
  const rest = line.slice(containers.length);
  if (inFence) return FENCE_MARK.test(rest) ? source.slice(0, start) : source;
  if (UNDECIDED.test(rest)) return dropHeader(source.slice(0, start));
  const header = BLANK_BEFORE.test(source.slice(Math.max(0, start - 100), Math.max(0, start - 1)))
    ? BARE_HEADER.exec(rest)
    : null;
  if (header) return source.slice(0, start) + containers + header[0];
  const fence = HALF_FENCE.exec(rest)?.[1];
  return fence === undefined ? source : source.slice(0, start) + containers + fence;
}

/** Holds a table's first line back until the line below it, which makes it a table. */
function dropHeader(source: string): string {
  const lines = source.slice(-4096).trimEnd().split('\n').slice(-2);
  const [before, last] = lines.length === 2 ? lines : [undefined, lines[0]];
  if (last === undefined || !source.endsWith(`${last}\n`)) return source;
  const bare = before === undefined || BLANK_BEFORE.test(before) ? BARE_HEADER.exec(last)?.[0] : undefined;
  if (bare !== undefined) return source.slice(0, -last.length - 1) + bare;
  if (!isRow(last) || (before !== undefined && isRow(before))) return source;
  return source.slice(0, -last.length - 1);
}

function isRow(line: string): boolean {
  return line.slice(CONTAINERS.exec(line)?.[0].length).startsWith('|');
}

/** Depth of link labels within labels; nobody writes deeper ones. */
const MAX_LABELS = 3;

/** `[text][na`: the name will not be shown, nor, most likely, the brackets. */
const HALF_REFERENCE = /(?<![\w\]])(\[[^[\]]*\p{L}{2}[^[\]]*\])\[[^[\]]*$/u;

/** A number in brackets is mostly no link: it waits for what follows it. */
const NUMBER = /(?<!\w)(?:\[\d{1,3}\]?){1,9}$/;

/** Closes the marks that a piece of inline text has opened: `**bo` is bold already, a half link shows its text. */
export function completeInline(written: string, parser: Parser, env: Env, labels = 0): string {
  const content = written.replace(HALF_REFERENCE, '$1()').replace(NUMBER, '');
  const open = findOpen(content);
  switch (open?.kind) {
    case 'code':
      return closeMarks(closeCode(content, open), parser, env);
    case 'math':
      return closeMarks(closeMath(content, open), parser, env);
    case 'link': {
      // A label has no links in it; what its bracket means is known when it is closed.
      const label = labels && !open.isImage ? '' : readLabel(content, open, parser, env, labels);
      if (label === '') return closeMarks(content.slice(0, open.isImage ? open.at - 1 : open.at), parser, env);
      return closeMarks(`${content.slice(0, open.at + 1)}${label}]()`, parser, env);
    }
    case undefined:
      return closeMarks(content, parser, env);
  }
}

function readLabel(
  content: string,
  { at, labelEnd }: { at: number; labelEnd: number | null },
  parser: Parser,
  env: Env,
  labels: number,
): string {
  if (labelEnd !== null) return content.slice(at + 1, labelEnd);
  const written = content.slice(at + 1);
  return labels < MAX_LABELS ? completeInline(written, parser, env, labels + 1) : closeMarks(written, parser, env);
}

type Open =
  | { kind: 'code'; at: number; ticks: number }
  | { kind: 'math'; at: number; mark: string }
  | { kind: 'link'; at: number; isImage: boolean; labelEnd: number | null };

/** The outermost mark that is open at the end of a text, except emphasis. Linear in its length. */
function findOpen(content: string): Open | null {
  const runs = lastRuns(content);
  const near = (at: number): boolean => content.length - at <= MAX_OPEN;
  const brackets: number[] = [];
  /** Closing marks that do not follow: searched for once, since a text may open a thousand. */
  const unclosed = new Set<string>();
  let at = 0;
  while (at < content.length) {
    const character = content[at];
    if (character === '\\' || character === '$') {
      const mark = content.slice(at, at + 2);
      if (mark === '\\(' || mark === '\\[' || mark === '$$') {
        const close = mark === '\\(' ? '\\)' : mark === '\\[' ? '\\]' : '$$';
        const end = unclosed.has(close) ? -1 : content.indexOf(close, at + 2);
        if (end === -1) unclosed.add(close);
        if (end !== -1) at = end + 2;
        else if (near(at)) return outermost(content, brackets, near) ?? { kind: 'math', at, mark };
        else at += 2;
      } else at += character === '$' ? 1 : 2;
    } else if (character === '`') {
      const ticks = countTicks(content, at);
      const end = (runs.get(ticks) ?? -1) > at ? findTicks(content, at + ticks, ticks) : -1;
      if (end !== -1) at = end + ticks;
      else if (near(at)) return outermost(content, brackets, near) ?? { kind: 'code', at, ticks };
      else at += ticks;
    } else if (character === '[') {
      brackets.push(at);
      at += 1;
    } else if (character === ']') {
      const from = brackets.pop();
      if (from !== undefined && near(from)) {
        const rest = content.slice(at + 1);
        if (rest === '' || (rest.startsWith('(') && !hasEnd(rest)))
          return outermost(content, brackets, near) ?? openLink(content, from, at);
      }
      at += 1;
    } else at += 1;
  }
  return outermost(content, brackets, near);
}

/** The first open bracket that may begin a link: the text in it is the link's label. */
function outermost(content: string, brackets: readonly number[], near: (at: number) => boolean): Open | null {
  for (const at of brackets.slice(-MAX_LABELS)) {
    const open = near(at) ? openLink(content, at, null) : null;
    if (open) return open;
  }
  return null;
}

/** `list[0`, `[^1` and `[!NOTE` are no links. */
function openLink(content: string, at: number, labelEnd: number | null): Open | null {
  const isImage = content[at - 1] === '!';
  if (/[\w\]]/.test(content[at - 1] ?? '') || /^(?:\^|!\w)/.test(content.slice(at + 1, at + 3))) return null;
  return { kind: 'link', at, isImage, labelEnd };
}

/** Whether the parentheses around a link's address are closed. */
function hasEnd(rest: string): boolean {
  let depth = 0;
  for (const character of rest) {
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth === 0 || character === '\n') return true;
  }
  return false;
}

function closeCode(content: string, { at, ticks }: { at: number; ticks: number }): string {
  const code = content.slice(at + ticks).replace(/`+$/, '');
  return code.trim() === '' ? content.slice(0, at) : content.slice(0, at + ticks) + code + '`'.repeat(ticks);
}

function closeMath(content: string, { at, mark }: { at: number; mark: string }): string {
  // Half a closing mark at the end would become one and a half.
  const formula = content.slice(at + 2).replace(mark === '$$' ? /\$$/ : /\\$/, '');
  if (formula.trim() === '') return content.slice(0, at);
  return content.slice(0, at + 2) + formula + (mark === '\\(' ? '\\)' : mark === '\\[' ? '\\]' : '$$');
}

/**
 * The beginning of an image, of an address or a tag in angle brackets, or of a character's name: one word at most, which
 * may or may not be shown in the end.
 */
const HALF_WORD = /(?:(?<![^\s([])!|<(?:\/?[a-z][^\s<>`]{0,200})?|&[#a-z0-9]{0,31})$/i;

/** Closes emphasis. Marks at the very end are left out: they may open or close something. */
function closeMarks(content: string, parser: Parser, env: Env): string {
  const text = content
    .replace(HALF_WORD, '')
    .replace(/(?:\\?[*_~]{1,100}|\\)$/, '')
    .trimEnd();
  if (!/[*_~]/.test(text.slice(-MAX_OPEN))) return text;
  // Searching a long text for a few marks at each frame would be slow: only its end matters.
  const marks = parser.findOpenMarks(text, env);
  return text + marks.slice(-8).toReversed().join('');
}

function countTicks(content: string, at: number): number {
  let end = at;
  while (content[end] === '`') end += 1;
  return end - at;
}

/** The place of the last run of backticks of each length. */
function lastRuns(content: string): Map<number, number> {
  const runs = new Map<number, number>();
  for (const { index, 0: run } of content.matchAll(/`+/g)) runs.set(run.length, index);
  return runs;
}

function findTicks(content: string, from: number, ticks: number): number {
  let at = content.indexOf('`', from);
  while (at !== -1) {
    const count = countTicks(content, at);
    if (count === ticks) return at;
    at = content.indexOf('`', at + count);
  }
  return -1;
}
