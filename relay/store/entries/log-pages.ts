import { formatCursor, type Cursor } from '#shared/cursor.ts';
import { groupDeltas, TEXT_END, type DeltaGroup } from './delta-groups.ts';
import type { LogEntry } from '../session-store.ts';

/**
 * The log is kept in pages: rows of one entry, or of some dozen deltas of one part and one fence. What such deltas have
 * in common is there once, as the page's head; their texts follow one another with line breaks in between, of which
 * JSON has none within a text. So a reply takes about as much room as its text, and is read in a few rows: who does not
 * mind that deltas are merged gets each page by leaving out the line breaks.
 */
export interface LogPage {
  readonly fence: number;
  /** Of the last entry. */
  readonly seq: number;
  readonly count: number;
  /** What came before the first entry, if that has seq 0. */
  readonly prev: Cursor | null;
  /** Null: `data` is the entry. */
  readonly head: string | null;
  readonly data: string;
}

/** A row of `readLog`, in the order of its columns. */
export type PageRow = [seq: number, count: number, prev: string | null, head: string | null, data: string];

/** Of a page's text, in UTF-16 units. */
const MAX_PAGE_LENGTH = 32_768;
const BREAK = '\n';

/** The pages of entries that follow one another. */
export function toPages(entries: readonly LogEntry[]): LogPage[] {
  return groupDeltas(entries, MAX_PAGE_LENGTH).map((group) => ('pieces' in group ? pageOf(group) : pageOfOne(group)));
}

/**
 * The entries of a page with a seq above `after` and not above `upTo`; merged into one where they can be, if asked for.
 * Of a page that is to be merged whole the line breaks may have been left out already.
 */
export function entriesOfPage(fence: number, row: PageRow, after: number, upTo: number, merged: boolean): LogEntry[] {
  const [seq, count, prev, head, data] = row;
  if (head === null) {
    const id = formatCursor(fence, seq);
    return [prev === null ? { id, data } : { id, prev, data }];
  }
  const start = seq - count + 1;
  const first = Math.max(start, after + 1);
  const last = Math.min(seq, upTo);
  // A page at a time is what is asked for nearly always, and then the texts need not be told apart.
  if (merged && last - first + 1 === count) return [mergedEntry(fence, first, last, head, data.replaceAll(BREAK, ''))];
  const texts = data.split(BREAK).slice(first - start, last - start + 1);
  if (merged) return [mergedEntry(fence, first, last, head, texts.join(''))];
  return texts.map((text, index) => ({ id: formatCursor(fence, first + index), data: head + text + TEXT_END }));
}

function mergedEntry(fence: number, first: number, last: number, head: string, text: string): LogEntry {
  const data = head + text + TEXT_END;
  const id = formatCursor(fence, last);
  return first === last ? { id, data } : { id, from: formatCursor(fence, first), data };
}

function pageOf({ fence, seq, head, pieces }: DeltaGroup): LogPage {
  return { fence: Number(fence.slice(0, -1)), seq, count: pieces.length, prev: null, head, data: pieces.join(BREAK) };
}

function pageOfOne({ id, prev, data }: LogEntry): LogPage {
  const [fence, seq] = id.split('-').map(Number) as [number, number];
  return { fence, seq, count: 1, prev: prev ?? null, head: null, data };
}
