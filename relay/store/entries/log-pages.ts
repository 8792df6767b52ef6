import { formatCursor, type Cursor } from '#shared/cursor.ts';
import { groupDeltas, TEXT_END, type DeltaGroup } from './delta-groups.ts';
import type { LogEntry } from '../session-store.ts';

/**
 * The log is stored in pages: a page is one entry, or some dozen deltas of one part and one fence. The beginning that such
 * deltas have in common is stored once, as the page's head; their texts are joined by line breaks, which cannot occur
 * within a JSON text. So a reply takes about as much room as its text and is read in a few rows, and a reader of merged
 * deltas gets a page by removing the line breaks.
 */
export interface LogPage {
  readonly fence: number;
  /** seq of the last entry. */
  readonly seq: number;
  /** Entries in the page. */
  readonly count: number;
  /** The cursor before the first entry, if that has seq 0. */
  readonly prev: Cursor | null;
  /** Common beginning of the deltas; null when `data` is a single entry. */
  readonly head: string | null;
  readonly data: string;
}

/** A page as a row of SQLite's `readLog`, in the order of its columns. */
export type PageRow = [seq: number, count: number, prev: string | null, head: string | null, data: string];

/** Length of a page as one merged delta, in UTF-16 units. */
const MAX_PAGE_LENGTH = 32_768;
const BREAK = '\n';

/** Arranges consecutive entries in pages. */
export function toPages(entries: readonly LogEntry[]): LogPage[] {
  return groupDeltas(entries, MAX_PAGE_LENGTH).map((group) => ('pieces' in group ? pageOf(group) : pageOfOne(group)));
}

/**
 * The entries of a page with a seq above `after` and up to `upTo`.
 *
 * @param merged give several deltas as one entry. The line breaks of a page that is merged whole may be missing already.
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
  // Mostly whole pages are asked for, and their texts need not be split.
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
