import { formatCursor, type Cursor, type CursorParts } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';

/**
 * Entries of a session in the write buffer, as they are kept in memory. Only texts are stored: an entry's position
 * follows from where the texts of its fence begin. With an object for each entry, thousands of sessions with a few dozen
 * entries each would give the garbage collector most of its work.
 */
export interface BufferedEntries {
  /** Row of the first entry. */
  readonly oldest: number;
  /** Row of the last entry. */
  readonly newest: number;
  /** How many of `texts` belong here; those beyond were added by a later state, or by one that was undone. */
  readonly count: number;
  /** Characters in all of them. */
  readonly length: number;
  /** Shared by all states since the buffer was last empty: texts are only added at the end, or replaced there. */
  readonly texts: string[];
  readonly stretches: readonly Stretch[];
}

/** Consecutive entries under one fence. */
interface Stretch {
  readonly fence: number;
  /** seq of the first entry. */
  readonly seq: number;
  /** The cursor before the first entry, if that has seq 0. */
  readonly prev: Cursor | undefined;
  /** Index of the first entry in `texts`. */
  readonly start: number;
}

/** Returns `before` with one entry more; `before` itself stays valid. */
export function addEntry(
  before: BufferedEntries | null,
  row: number,
  { fence, seq }: CursorParts,
  prev: Cursor | undefined,
  text: string,
): BufferedEntries {
  const { oldest = row, count = 0, length = 0, texts = [], stretches = [] } = before ?? {};
  // Left over from a transaction that was undone.
  if (texts.length > count) texts.length = count;
  texts.push(text);
  return {
    oldest,
    newest: row,
    count: count + 1,
    length: length + text.length,
    texts,
    stretches: stretches.at(-1)?.fence === fence ? stretches : [...stretches, { fence, seq, prev, start: count }],
  };
}

/** Position of the last entry. */
export function lastPosition({ stretches, count }: BufferedEntries): CursorParts {
  const last = stretches.at(-1);
  if (!last) throw new TypeError('buffered entries have at least one stretch');
  return { fence: last.fence, seq: last.seq + count - 1 - last.start };
}

/** The entries after a position, oldest first. */
export function entriesAfter(
  { texts, stretches, count }: BufferedEntries,
  after: CursorParts,
  limit: number,
): LogEntry[] {
  const entries: LogEntry[] = [];
  stretches.forEach(({ fence, seq, prev, start }, index) => {
    if (fence < after.fence) return;
    const end = stretches[index + 1]?.start ?? count;
    const skip = fence === after.fence ? Math.max(0, after.seq + 1 - seq) : 0;
    for (let at = start + skip; at < end && entries.length < limit; at += 1) {
      const id = formatCursor(fence, seq + at - start);
      const data = texts[at] ?? '';
      entries.push(at === start && prev !== undefined ? { id, prev, data } : { id, data });
    }
  });
  return entries;
}
