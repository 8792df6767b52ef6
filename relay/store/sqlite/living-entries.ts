import { formatCursor, type Cursor, type CursorParts } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';

/**
 * The entries of a session that live in the tail, as they are kept in memory. Of each only its text is: its place
 * follows from where the texts under one fence begin. An object for each would be most of what the garbage collector
 * has to move where many sessions have a few dozen entries each.
 */
export interface LivingEntries {
  /** Rows of the first and of the last of them. */
  readonly oldest: number;
  readonly newest: number;
  /** How many of `texts` are these: those beyond were added by a state that came after this one, or was undone. */
  readonly count: number;
  /** Of all of them, in characters. */
  readonly length: number;
  /** Shared by all states since the tail was last empty: texts are only added at the end, or replaced there. */
  readonly texts: string[];
  readonly stretches: readonly Stretch[];
}

/** Entries under one fence. */
interface Stretch {
  readonly fence: number;
  /** Of its first entry, and what came before that if it is 0. */
  readonly seq: number;
  readonly prev: Cursor | undefined;
  /** Where in `texts` its first entry stands. */
  readonly start: number;
}

/** One entry more; what there was stays as it is. */
export function addEntry(
  before: LivingEntries | null,
  row: number,
  { fence, seq }: CursorParts,
  prev: Cursor | undefined,
  text: string,
): LivingEntries {
  const { oldest = row, count = 0, length = 0, texts = [], stretches = [] } = before ?? {};
  // What an undone transaction has left.
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

/** The place of the last of them. */
export function lastPlace({ stretches, count }: LivingEntries): CursorParts {
  const last = stretches.at(-1);
  if (!last) throw new TypeError('where there are entries there is a stretch');
  return { fence: last.fence, seq: last.seq + count - 1 - last.start };
}

/** Those that come after the cursor, the oldest first. */
export function entriesAfter(
  { texts, stretches, count }: LivingEntries,
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
