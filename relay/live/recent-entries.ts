import { follows, type Cursor } from '#shared/cursor.ts';
import type { LogEntry } from '../store/session-store.ts';

/** Entries kept at least, once so many have come. */
const KEPT_ENTRIES = 1024;

/** The latest entries of a log, for viewers that are about to join: each can, however fast the log grows. */
export interface RecentEntries {
  push(entry: LogEntry): void;
  /** What comes after a cursor; null when the entries kept do not reach back to it. */
  after(cursor: Cursor): readonly LogEntry[] | null;
}

/** Keeps between `kept` and twice as many entries, so that the array is copied once in `kept` entries. */
export function createRecentEntries(kept = KEPT_ENTRIES): RecentEntries {
  let entries: LogEntry[] = [];
  return {
    push(entry) {
      entries.push(entry);
      if (entries.length > 2 * kept) entries = entries.slice(-kept);
    },
    after(cursor) {
      const [first] = entries;
      if (first && follows(cursor, first)) return entries;
      const index = entries.findIndex(({ id }) => id === cursor);
      return index < 0 ? null : entries.slice(index + 1);
    },
  };
}
