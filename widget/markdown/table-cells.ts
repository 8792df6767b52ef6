import type MarkdownIt from 'markdown-it';
import type { StateBlock, Token } from 'markdown-it';

/**
 * GFM cuts a row at each bar, also at bars in code unless they are escaped, and drops cells beyond the table's columns.
 * Models forget to escape them. So in a row with too many cells a bar in code belongs to the code, and the cells that are
 * still too many go into the last one: no text is dropped.
 */
export function keepCells(md: InstanceType<typeof MarkdownIt>): void {
  const [readTable] = md.block.ruler.getRules('');
  if (!readTable) throw new Error('markdown-it has no rule for tables.');
  md.block.ruler.at(
    'table',
    (state, startLine, endLine, silent) => {
      const first = state.tokens.length;
      if (!readTable(state, startLine, endLine, silent)) return false;
      if (!silent) for (const row of readRows(state.tokens.slice(first))) keepRow(state, row);
      return true;
    },
    { alt: ['paragraph', 'reference'] },
  );
}

interface Row {
  line: number;
  cells: Token[];
}

function readRows(tokens: readonly Token[]): Row[] {
  const rows: Row[] = [];
  for (const { type, map } of tokens) if (type === 'tr_open' && map) rows.push({ line: map[0], cells: [] });
  let at = -1;
  for (const token of tokens) {
    if (token.type === 'tr_open') at += 1;
    else if (token.type === 'inline') rows[at]?.cells.push(token);
  }
  return rows;
}

function keepRow(state: StateBlock, { line, cells }: Row): void {
  const text = state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]).trim();
  const plain = splitRow(text, false);
  if (plain.length <= cells.length) return;
  const byCode = splitRow(text, true);
  const found = byCode.length >= cells.length ? byCode : plain;
  const kept = [...found.slice(0, cells.length - 1), found.slice(cells.length - 1).join('|')];
  for (const [at, cell] of cells.entries()) cell.content = (kept[at] ?? '').trim();
}

const BARS_AND_CODE = /\\[^]|(`+)(?!`)|\|/g;

function splitRow(text: string, keepCode: boolean): string[] {
  const parts: string[] = [];
  let from = 0;
  BARS_AND_CODE.lastIndex = 0;
  for (let mark = BARS_AND_CODE.exec(text); mark; mark = BARS_AND_CODE.exec(text)) {
    const [found, ticks] = mark;
    if (found === '|') {
      parts.push(text.slice(from, mark.index));
      from = mark.index + 1;
    } else if (ticks !== undefined && keepCode) {
      const end = new RegExp(`(?<!\`)${ticks}(?!\`)`, 'g');
      end.lastIndex = BARS_AND_CODE.lastIndex;
      if (end.test(text)) BARS_AND_CODE.lastIndex = end.lastIndex;
    }
  }
  parts.push(text.slice(from));
  if (parts[0]?.trim() === '') parts.shift();
  if (parts.at(-1)?.trim() === '') parts.pop();
  return parts.map((part) => part.replaceAll('\\|', '|'));
}
