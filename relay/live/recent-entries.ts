import { follows, type Cursor } from '#shared/cursor.ts';
import type { LogEntry } from '../store/session-store.ts';

/** Entries kept at least, as soon as there are that many. */
const KEPT_ENTRIES = 1024;

/** The latest entries of a log: with them a replaying viewer can join however fast the log grows. */
export interface RecentEntries {
  /** Adds the next entry. */
  push(entry: LogEntry): void;
  /** The entries after a cursor; null when they do not reach back to it. */
  after(cursor: Cursor): readonly LogEntry[] | null;
}

/** Keeps between `kept` and twice as many entries, so that the array is copied once per `kept` entries. */
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
