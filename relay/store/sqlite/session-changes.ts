import type { FollowEvent } from '../session-store.ts';
import type { Followers } from './followers.ts';
import type { SessionRecord } from './session-record.ts';
import type { UnitOfWork } from './tick-transactions.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** Records in memory: as committed, and as the open transaction has changed them; and events that wait for its commit. */
export interface SessionChanges {
  /** The record as committed; undefined: look it up in the database. */
  committed(sessionId: string): SessionRecord | undefined;
  /** The record as the transaction sees it; null: erased, or not cached; undefined as above. */
  current(sessionId: string): SessionRecord | null | undefined;
  /** The transaction has written this record to the database; null: it has erased the session. */
  put(sessionId: string, record: SessionRecord | null): void;
  /** Tells the session's followers once the transaction is committed. */
  tell(sessionId: string, event: FollowEvent): void;
  /** Keeps all of this in step with the transactions. */
  readonly work: UnitOfWork;
}

/**
 * @param maxCachedRecords committed records kept at most. The rows hold the same, so that a record that is dropped is
 *   only read again; but records with buffered entries are kept in any case, since the row does not hold those.
 */
export function createSessionChanges({
  followers,
  buffer,
  maxCachedRecords,
}: {
  followers: Followers;
  buffer: WriteBuffer;
  maxCachedRecords: number;
}): SessionChanges {
  /** Committed records with an active run: appends, which are most of the work, find theirs here. */
  const cache = new Map<string, SessionRecord>();
  /** As written by the transaction so far. */
  const written = new Map<string, SessionRecord | null>();
  /** Records that the current operation has replaced, as they were before, in order. */
  const replaced: { sessionId: string; before: SessionRecord | null | undefined }[] = [];
  /** Events of the transaction; the first `keptEvents` belong to finished operations. */
  const events: { sessionId: string; event: FollowEvent }[] = [];
  let keptEvents = 0;

  function updateCache(): void {
    for (const [sessionId, record] of written) {
      if (record?.run) cache.set(sessionId, record);
      else cache.delete(sessionId);
      buffer.commit(sessionId, record);
    }
    for (const [sessionId, record] of cache) {
      if (cache.size <= maxCachedRecords) break;
      if (!record.buffered) cache.delete(sessionId);
    }
  }

  return {
    committed: (sessionId) => cache.get(sessionId),
    current: (sessionId) => (written.has(sessionId) ? written.get(sessionId) : cache.get(sessionId)),
    put(sessionId, record) {
      replaced.push({ sessionId, before: written.get(sessionId) });
      written.set(sessionId, record);
    },
    tell: (sessionId, event) => void events.push({ sessionId, event }),

    work: {
      keepOperation() {
        replaced.length = 0;
        keptEvents = events.length;
      },
      undoOperation() {
        for (const { sessionId, before } of replaced.toReversed()) {
          if (before === undefined) written.delete(sessionId);
          else written.set(sessionId, before);
        }
        replaced.length = 0;
        events.length = keptEvents;
      },
      commit() {
        updateCache();
        written.clear();
        buffer.endTransaction();
        const told = events.splice(0);
        keptEvents = 0;
        for (const { sessionId, event } of told) followers.notify(sessionId, event);
      },
      rollback() {
        written.clear();
        buffer.endTransaction();
        replaced.length = 0;
        events.length = 0;
        keptEvents = 0;
      },
    },
  };
}
