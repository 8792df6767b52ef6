import { parseCursor, type Cursor } from '#shared/cursor.ts';
import { entriesOfPage } from '../entries/log-pages.ts';
import type { LogEntry } from '../session-store.ts';
import { listOf, numberOf, textOf } from './script-answer.ts';

/** Names and values of a page's fields: h, c and d. */
const PAGE_FIELDS = 6;
/** Names and values of the fields of an entry with seq 0: p and d. */
const FIRST_ENTRY_FIELDS = 4;

/**
 * Decodes entries and pages of the log, as XRANGE gives them.
 *
 * @param part the entries wanted: after a cursor, at most `limit`, deltas of a page as one entry if `merged`.
 * @throws TypeError when they are none of our log.
 */
export function decodeEntries(
  value: unknown,
  { after, limit, merged }: { after: Cursor; limit: number; merged: boolean },
): LogEntry[] {
  const start = parseCursor(after);
  const entries: LogEntry[] = [];
  let left = limit;
  for (const item of listOf(value)) {
    const [id, fields] = listOf(item);
    const cursor = parseCursor(textOf(id));
    if (!cursor) throw new TypeError('an entry of the log has no cursor');
    const { fence, seq } = cursor;
    const texts = listOf(fields).map(textOf);
    const data = texts.at(-1) ?? '';
    if (texts.length !== PAGE_FIELDS) {
      const [, prev] = texts.length === FIRST_ENTRY_FIELDS ? texts : [];
      entries.push(prev === undefined ? { id: textOf(id), data } : { id: textOf(id), prev, data });
      left -= 1;
      continue;
    }
    const count = numberOf(texts[3]);
    const before = Math.max(seq - count, start?.fence === fence ? start.seq : 0);
    // A merged page is not cut: it comes whole with the next read.
    if (merged && entries.length > 0 && seq - before > left) break;
    entries.push(...entriesOfPage(fence, [seq, count, null, textOf(texts[1]), data], before, before + left, merged));
    left -= seq - before;
    if (left <= 0) break;
  }
  return entries;
}
