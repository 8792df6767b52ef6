import type { Cursor, CursorParts } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';
import { toPages } from '../entries/log-pages.ts';
import { addEntry, entriesAfter, lastPlace, type LivingEntries } from './living-entries.ts';
import type { SessionRecord } from './session-record.ts';
import type { Statements } from './statements.ts';

/**
 * Where new entries are written first.
 *
 * The table `log` keeps a session's entries side by side, which is how they are read; but hundreds of replies at once
 * then dirty hundreds of pages a tick for one entry each. The table `tail` is written at its end only, by all sessions
 * together: a tick dirties the few pages that its entries fill. A session's entries go on to `log` by the dozen, as one
 * row if they are deltas, and what is left of them in `tail` is dead until everything older is dead too and its beginning
 * is cut off. Measured with 500 replies: a third of the time an append took without it.
 *
 * The living entries are in memory too, in their session's record (living-entries.ts), and are read from there: the table is what they are
 * found in again when the file is opened, which moves them all.
 */
export interface Tail {
  /** Writes an entry of a session after those that it has there; `prev` goes with seq 0. */
  write(
    key: number,
    before: LivingEntries | null,
    place: CursorParts,
    prev: Cursor | undefined,
    data: string,
  ): LivingEntries;
  /** Moves the session's entries to the log; the record must be saved. */
  settle(sessionId: string, record: SessionRecord): SessionRecord;
  /** The session's entries here that come after the cursor, the oldest first. */
  read(record: SessionRecord, after: CursorParts, limit: number): LogEntry[];
  /** Deletes what is here of a session, the dead included. */
  erase(sessionId: string, record: SessionRecord): void;
  /** What was written by the transaction is committed. */
  commit(sessionId: string, record: SessionRecord | null): void;
  /** A transaction ended, one way or the other. */
  endTransaction(): void;
  /** Sessions that should be settled, for they keep the beginning from being cut off, or are too many. */
  findOverdue(): string[];
  /** Deletes what is dead at the beginning, a bounded part of it; returns a call to make once that is committed. */
  cut(): () => void;
  /** Is there enough to cut for it to be worth it? */
  isCutDue(): boolean;
}

export interface TailOptions {
  statements: Statements;
  /** Sessions with entries here. */
  maxSessions: number;
}

/** So long may the tail get, in rows, before the oldest of what lives there is moved. */
const MAX_ROWS = 65_536;
/** So many dead rows at its beginning are worth a transaction, and so many are deleted by one. */
const MIN_CUT_ROWS = 2_048;
const MAX_CUT_ROWS = 8_192;
/** So many sessions are settled by one transaction out of turn. */
const MAX_OVERDUE = 64;

const BEFORE_ALL: CursorParts = { fence: 0, seq: -1 };

export function createTail({ statements, maxSessions }: TailOptions): Tail {
  /** Rows are numbered here, and no number is used twice, so that what is undone leaves a hole and no doubt. */
  let nextRow = 1;
  /** Everything before this row is deleted. */
  let firstRow = 1;
  /** `nextRow` as the transaction began. */
  let transactionRow = 1;
  /**
   * As committed: sessions with living entries, and a row that none of those lies before. What begins in one transaction
   * has the same one, so that the order of the map is the order of the rows.
   */
  const living = new Map<string, { oldest: number; floor: number }>();
  /** Sessions with dead entries here, or that may have some; by the last such row, in its order. */
  const dead = new Map<string, number>();

  /** Nothing lives before this row. */
  function lowestFloor(): number {
    const [first] = living.values();
    return first ? first.floor : transactionRow;
  }

  return {
    write(key, before, place, prev, data) {
      const row = nextRow;
      nextRow += 1;
      statements.insertTail.run(row, key, place.fence, place.seq, prev ?? null, data);
      return addEntry(before, row, place, prev, data);
    },

    settle(sessionId, record) {
      const { tail } = record;
      if (!tail) return record;
      for (const { fence, seq, count, prev, head, data } of toPages(entriesAfter(tail, BEFORE_ALL, tail.count))) {
        statements.insertPage.run(record.key, fence, seq, count, prev, head, data);
      }
      dead.delete(sessionId);
      dead.set(sessionId, tail.newest);
      const last = lastPlace(tail);
      return { ...record, tail: null, settledFence: last.fence, settledSeq: last.seq };
    },

    read: ({ tail }, after, limit) => (tail ? entriesAfter(tail, after, limit) : []),

    erase(sessionId, { key, tail }) {
      // A look at every row, but of a table that is kept short, and only if there is anything.
      if (tail || dead.has(sessionId)) statements.deleteTail.run(key);
    },

    commit(sessionId, record) {
      const oldest = record?.tail?.oldest;
      if (living.get(sessionId)?.oldest === oldest) return;
      living.delete(sessionId);
      if (oldest !== undefined) living.set(sessionId, { oldest, floor: transactionRow });
    },

    endTransaction() {
      transactionRow = nextRow;
    },

    findOverdue() {
      const overdue: string[] = [];
      const tooMany = living.size - maxSessions;
      for (const [sessionId, { floor }] of living) {
        const isOverdue = nextRow - floor > MAX_ROWS || overdue.length < tooMany;
        if (!isOverdue || overdue.length === MAX_OVERDUE) break;
        overdue.push(sessionId);
      }
      return overdue;
    },

    isCutDue: () => lowestFloor() - firstRow >= MIN_CUT_ROWS,

    cut() {
      const end = Math.min(lowestFloor(), firstRow + MAX_CUT_ROWS);
      statements.cutTail.run(end);
      return () => {
        firstRow = end;
        for (const [sessionId, row] of dead) {
          if (row >= end) break;
          dead.delete(sessionId);
        }
      };
    },
  };
}
