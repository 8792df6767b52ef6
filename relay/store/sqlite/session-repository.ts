import { formatCursor, type Cursor } from '#shared/cursor.ts';
import { raiseFence, TOMBSTONE_LIFETIMES } from '../port-rules.ts';
import type { FollowEvent, LogEntry } from '../session-store.ts';
import type { SessionChanges } from './session-changes.ts';
import { createRecord, headOf, type SessionRecord } from './session-record.ts';
import { toRecord, writeRow } from './session-row.ts';
import type { SessionRow, Statements } from './statements.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** `gone`: deleted or expired. `none`: never written, or so long gone that its tombstone has expired. */
export type Found = { kind: 'open'; record: SessionRecord } | { kind: 'gone' } | { kind: 'none' };

/** What operations do with sessions. Everything but `peek` is called within a transaction. */
export interface SessionRepository {
  /** The session as committed, for reads. An expired session is answered as gone, and `onExpired` is told. */
  peek(sessionId: string): Found;
  /** The session as the transaction sees it. An expired session is erased on the way. */
  find(sessionId: string): Found;
  create(sessionId: string): SessionRecord;
  /** Writes the record, and with it the new end of the session's lifetime. */
  save(sessionId: string, record: SessionRecord): SessionRecord;
  /** The fence of the session's next writer, `now` by the store's clock. */
  nextFence(record: SessionRecord, now: number): number;
  /** Raises the fence to `fence` and writes the first entries under it. The caller saves the record. */
  open(sessionId: string, record: SessionRecord, fence: number, entries: readonly string[]): SessionRecord;
  /** Adds entries under the fence as it stands. Needs no `save`: the entries themselves say how far they go. */
  extend(sessionId: string, record: SessionRecord, entries: readonly string[]): SessionRecord;
  /** Moves the session's entries from the write buffer to the log. The caller saves the record. */
  settle(sessionId: string, record: SessionRecord): SessionRecord;
  /** Moves the session's entries to the log out of turn, and saves. */
  settleNow(sessionId: string): void;
  /** Tells the session's followers once the transaction is committed. */
  tell(sessionId: string, event: FollowEvent): void;
  /** Erases everything and leaves a tombstone until `until`; null: none. */
  bury(sessionId: string, record: SessionRecord | null, until: number | null): void;
  /** Until when an expired session is remembered as gone; null when that is over. */
  tombstoneUntil(expiredAt: number): number | null;
  /** The store's clock, whole ms since the epoch. */
  readonly now: () => number;
  readonly ttlMs: number;
  /** Something was erased that may still be in the write-ahead log. */
  erased: boolean;
}

/** Characters of one session in the write buffer, at most: they are in memory too. */
const MAX_BUFFERED_LENGTH = 65_536;

/** What the repository is made of. */
export interface SessionRepositoryOptions {
  statements: Statements;
  buffer: WriteBuffer;
  changes: SessionChanges;
  /** Does anybody follow the session? Entries are collected for followers only. */
  isFollowed: (sessionId: string) => boolean;
  clock: () => number;
  /** Bits for each raise of a fence: see `drawFenceBits`. */
  random: () => number;
  ttlMs: number;
  /** Entries of one session in the write buffer, at most. */
  maxBufferedEntries: number;
  /** A read found a session that has expired and is not erased yet. */
  onExpired: (sessionId: string) => void;
}

/** Sessions of a database, by id. */
export function createSessionRepository(options: SessionRepositoryOptions): SessionRepository {
  const { statements, buffer, changes, isFollowed, random, ttlMs, maxBufferedEntries, onExpired } = options;
  const now = () => Math.floor(options.clock());

  function load(sessionId: string): SessionRecord | null {
    const row = statements.findSession.get(sessionId) as unknown as SessionRow | undefined;
    if (!row) return null;
    const record = toRecord(row);
    const last = statements.findLastSeq.get(record.key, record.fence)?.['seq'];
    return typeof last === 'number' ? { ...record, next: last + 1 } : record;
  }

  function judge(sessionId: string, record: SessionRecord | null): Found | { kind: 'expired'; record: SessionRecord } {
    if (!record) {
      const until = statements.findTombstone.get(sessionId)?.['until'];
      return { kind: typeof until === 'number' && until > now() ? 'gone' : 'none' };
    }
    return record.expiresAt !== null && record.expiresAt <= now()
      ? { kind: 'expired', record }
      : { kind: 'open', record };
  }

  /** Writes entries from `record.next` on; `prev` goes with the first if that begins a fence. */
  function insert(sessionId: string, record: SessionRecord, texts: readonly string[], prev?: Cursor): SessionRecord {
    const { fence } = record;
    // A follower that comes later reads the log.
    const told: LogEntry[] | null = isFollowed(sessionId) ? [] : null;
    let { next, buffered } = record;
    for (const data of texts) {
      const link = next === 0 ? prev : undefined;
      buffered = buffer.write(record.key, buffered, { fence, seq: next }, link, data);
      if (told) {
        const id = formatCursor(fence, next);
        told.push(link === undefined ? { id, data } : { id, prev: link, data });
      }
      next += 1;
    }
    if (told?.length) changes.tell(sessionId, { kind: 'entries', entries: told });
    return { ...record, next, buffered };
  }

  function write(sessionId: string, record: SessionRecord): SessionRecord {
    writeRow(statements, record);
    changes.put(sessionId, record);
    return record;
  }

  const repository: SessionRepository = {
    now,
    ttlMs,
    tell: changes.tell,
    erased: false,

    tombstoneUntil(expiredAt) {
      const until = expiredAt + TOMBSTONE_LIFETIMES * ttlMs;
      return until > now() ? until : null;
    },

    peek(sessionId) {
      const found = judge(sessionId, changes.committed(sessionId) ?? load(sessionId));
      if (found.kind !== 'expired') return found;
      onExpired(sessionId);
      return { kind: repository.tombstoneUntil(found.record.expiresAt ?? 0) === null ? 'none' : 'gone' };
    },

    find(sessionId) {
      const found = judge(sessionId, changes.current(sessionId) ?? load(sessionId));
      if (found.kind !== 'expired') return found;
      const until = repository.tombstoneUntil(found.record.expiresAt ?? 0);
      repository.bury(sessionId, found.record, until);
      return { kind: until === null ? 'none' : 'gone' };
    },

    create(sessionId) {
      statements.deleteTombstone.run(sessionId);
      const { lastInsertRowid } = statements.insertSession.run(sessionId);
      return createRecord(Number(lastInsertRowid));
    },

    // An active run lifts the end of the session's lifetime.
    save: (sessionId, record) => write(sessionId, { ...record, expiresAt: record.run ? null : now() + ttlMs }),

    nextFence: (record, at) => raiseFence(record.fence, at, random()),

    open: (sessionId, record, fence, entries) =>
      insert(sessionId, { ...record, fence, next: 0 }, entries, headOf(record)),

    extend(sessionId, record, entries) {
      const extended = insert(sessionId, record, entries);
      const { count = 0, length = 0 } = extended.buffered ?? {};
      if (count >= maxBufferedEntries || length >= MAX_BUFFERED_LENGTH) {
        return write(sessionId, buffer.settle(sessionId, extended));
      }
      changes.put(sessionId, extended);
      return extended;
    },

    settle: buffer.settle,

    settleNow(sessionId) {
      const found = repository.find(sessionId);
      if (found.kind === 'open' && found.record.buffered) write(sessionId, buffer.settle(sessionId, found.record));
    },

    bury(sessionId, record, until) {
      if (record) {
        buffer.erase(sessionId, record);
        eraseRows(statements, record.key);
        repository.erased = true;
      }
      changes.tell(sessionId, { kind: 'gone' });
      if (until !== null) statements.writeTombstone.run(sessionId, until);
      changes.put(sessionId, null);
    },
  };
  return repository;
}

/** Deletes a session from every table but the write buffer. */
function eraseRows(statements: Statements, key: number): void {
  statements.deleteLog.run(key);
  statements.deleteTranscript.run(key);
  statements.deleteFeedback.run(key);
  statements.deletePrompts.run(key);
  statements.deleteCancels.run(key);
  statements.deleteSteps.run(key);
  statements.deleteSession.run(key);
}
