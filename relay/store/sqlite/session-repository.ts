import { formatCursor, type Cursor } from '#shared/cursor.ts';
import { raiseFence, TOMBSTONE_LIFETIMES } from '../port-rules.ts';
import type { FollowEvent, LogEntry } from '../session-store.ts';
import type { Followers } from './followers.ts';
import { createRecord, headOf, type RunRecord, type SessionRecord } from './session-record.ts';
import type { SessionRow, Statements } from './statements.ts';
import type { Tail } from './write-buffer.ts';
import type { UnitOfWork } from './tick-transactions.ts';

export type Found = { kind: 'open'; record: SessionRecord } | { kind: 'gone' } | { kind: 'none' };

export interface SessionRepository {
  /** As committed, for reads; what has expired is found to be gone, and left as it is. */
  peek(sessionId: string): Found;
  /** As it is within the transaction; what has expired is erased on the way. */
  find(sessionId: string): Found;
  create(sessionId: string): SessionRecord;
  save(sessionId: string, record: SessionRecord): SessionRecord;
  /** The fence of the session's next writer, `now` by the store's clock. */
  nextFence(record: SessionRecord, now: number): number;
  /** Raises the fence to `fence` and writes the first entries under it; the record is not saved yet. */
  open(sessionId: string, record: SessionRecord, fence: number, entries: readonly string[]): SessionRecord;
  /** Adds entries under the fence as it stands. Needs no `save`: the entries themselves say how far they go. */
  extend(sessionId: string, record: SessionRecord, entries: readonly string[]): SessionRecord;
  /** Moves the session's entries from the tail to the log; the record is not saved yet. */
  settle(sessionId: string, record: SessionRecord): SessionRecord;
  /** The same out of turn, and saved. */
  settleNow(sessionId: string): void;
  /** Tells those who follow the session, once the transaction is committed. */
  tell(sessionId: string, event: FollowEvent): void;
  /** Erases everything, and remembers until then that there was something; null: remembers nothing. */
  bury(sessionId: string, record: SessionRecord | null, until: number | null): void;
  /** Until when an expired session is remembered; null when even that is over. */
  tombstoneUntil(expiredAt: number): number | null;
  readonly now: () => number;
  readonly ttlMs: number;
  /** Was something erased that may still lie in the write-ahead log? */
  erased: boolean;
}

/** So many characters of a session may lie in the tail, for they lie in memory too. */
const MAX_TAIL_LENGTH = 65_536;

export function createSessionRepository(options: {
  statements: Statements;
  tail: Tail;
  followers: Followers;
  clock: () => number;
  /** Bits for each raise of a fence: see `drawFenceBits`. */
  random: () => number;
  ttlMs: number;
  /** The rows hold the same, so that a record that is dropped is only read again; but not what lies in the tail. */
  maxCachedRecords: number;
  /** So many entries of a session may lie in the tail. */
  maxTailEntries: number;
  /** A read found a session that has expired and is not erased yet. */
  onExpired: (sessionId: string) => void;
}): SessionRepository & { work: UnitOfWork } {
  const { statements, tail, followers, ttlMs, maxTailEntries } = options;
  const now = () => Math.floor(options.clock());

  /** Records with an active run, as committed: appends, which are most of the work, find theirs here. */
  const cache = new Map<string, SessionRecord>();
  /** As written by the transaction so far; null: to be looked up in the database, which is right in any case. */
  const written = new Map<string, SessionRecord | null>();
  /** What the operation at hand wrote, as it was before, and told. */
  const touched: { sessionId: string; before: SessionRecord | null | undefined }[] = [];
  const events: { sessionId: string; event: FollowEvent }[] = [];
  let keptEvents = 0;

  function load(sessionId: string): SessionRecord | null {
    const row = statements.findSession.get(sessionId) as unknown as SessionRow | undefined;
    if (!row) return null;
    const record = recordOf(row);
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

  function tombstoneUntil(expiredAt: number): number | null {
    const until = expiredAt + TOMBSTONE_LIFETIMES * ttlMs;
    return until > now() ? until : null;
  }

  function put(sessionId: string, record: SessionRecord | null): void {
    touched.push({ sessionId, before: written.get(sessionId) });
    written.set(sessionId, record);
  }

  function tell(sessionId: string, event: FollowEvent): void {
    events.push({ sessionId, event });
  }

  /** Writes entries from `record.next` on; `prev` goes with the first, if that begins a fence. */
  function insert(sessionId: string, record: SessionRecord, texts: readonly string[], prev?: Cursor): SessionRecord {
    const { fence } = record;
    // Who is not there is told nothing: a follower that comes now reads the log.
    const told: LogEntry[] | null = followers.has(sessionId) ? [] : null;
    let { next, tail: living } = record;
    for (const data of texts) {
      const link = next === 0 ? prev : undefined;
      living = tail.write(record.key, living, { fence, seq: next }, link, data);
      if (told) {
        const id = formatCursor(fence, next);
        told.push(link === undefined ? { id, data } : { id, prev: link, data });
      }
      next += 1;
    }
    if (told?.length) tell(sessionId, { kind: 'entries', entries: told });
    return { ...record, next, tail: living };
  }

  function settleAndPut(sessionId: string, record: SessionRecord): SessionRecord {
    const settled = tail.settle(sessionId, record);
    writeRow(statements, settled);
    put(sessionId, settled);
    return settled;
  }

  const repository: SessionRepository = {
    now,
    ttlMs,
    tell,
    erased: false,
    tombstoneUntil,

    peek(sessionId) {
      const found = judge(sessionId, cache.get(sessionId) ?? load(sessionId));
      if (found.kind !== 'expired') return found;
      options.onExpired(sessionId);
      return { kind: tombstoneUntil(found.record.expiresAt ?? 0) === null ? 'none' : 'gone' };
    },

    find(sessionId) {
      const record = written.has(sessionId) ? written.get(sessionId) : cache.get(sessionId);
      const found = judge(sessionId, record ?? load(sessionId));
      if (found.kind !== 'expired') return found;
      const until = tombstoneUntil(found.record.expiresAt ?? 0);
      repository.bury(sessionId, found.record, until);
      return { kind: until === null ? 'none' : 'gone' };
    },

    create(sessionId) {
      statements.deleteTombstone.run(sessionId);
      const { lastInsertRowid } = statements.insertSession.run(sessionId);
      return createRecord(Number(lastInsertRowid));
    },

    save(sessionId, record) {
      // Each write but an append moves the end of the session's time; a run lifts it.
      const saved = { ...record, expiresAt: record.run ? null : now() + ttlMs };
      writeRow(statements, saved);
      put(sessionId, saved);
      return saved;
    },

    nextFence: (record, now) => raiseFence(record.fence, now, options.random()),

    open(sessionId, record, fence, entries) {
      return insert(sessionId, { ...record, fence, next: 0 }, entries, headOf(record));
    },

    extend(sessionId, record, entries) {
      const extended = insert(sessionId, record, entries);
      const { count = 0, length = 0 } = extended.tail ?? {};
      if (count >= maxTailEntries || length >= MAX_TAIL_LENGTH) return settleAndPut(sessionId, extended);
      put(sessionId, extended);
      return extended;
    },

    settle: (sessionId, record) => tail.settle(sessionId, record),

    settleNow(sessionId) {
      const found = repository.find(sessionId);
      if (found.kind === 'open' && found.record.tail) settleAndPut(sessionId, found.record);
    },

    bury(sessionId, record, until) {
      if (record) {
        tail.erase(sessionId, record);
        statements.deleteLog.run(record.key);
        statements.deleteTranscript.run(record.key);
        statements.deleteFeedback.run(record.key);
        statements.deletePrompts.run(record.key);
        statements.deleteCancels.run(record.key);
        statements.deleteSteps.run(record.key);
        statements.deleteSession.run(record.key);
        repository.erased = true;
      }
      tell(sessionId, { kind: 'gone' });
      if (until !== null) statements.writeTombstone.run(sessionId, until);
      put(sessionId, null);
    },
  };

  const work: UnitOfWork = {
    keepOperation() {
      touched.length = 0;
      keptEvents = events.length;
    },
    undoOperation() {
      for (const { sessionId, before } of touched.toReversed()) {
        if (before === undefined) written.delete(sessionId);
        else written.set(sessionId, before);
      }
      touched.length = 0;
      events.length = keptEvents;
    },
    commit() {
      for (const [sessionId, record] of written) {
        if (record?.run) cache.set(sessionId, record);
        else cache.delete(sessionId);
        tail.commit(sessionId, record);
      }
      for (const [sessionId, record] of cache) {
        if (cache.size <= options.maxCachedRecords) break;
        if (!record.tail) cache.delete(sessionId);
      }
      written.clear();
      tail.endTransaction();
      const told = events.splice(0);
      keptEvents = 0;
      for (const { sessionId, event } of told) followers.notify(sessionId, event);
    },
    rollback() {
      written.clear();
      tail.endTransaction();
      touched.length = 0;
      events.length = 0;
      keptEvents = 0;
    },
  };

  return Object.assign(repository, { work });
}

function writeRow(statements: Statements, record: SessionRecord): void {
  const { run, ended } = record;
  statements.updateSession.run(
    record.fence,
    record.next,
    record.settledFence,
    record.settledSeq,
    record.sealedTo,
    record.transcriptBytes,
    record.expiresAt,
    record.revoked,
    ended?.token ?? null,
    ended?.reason ?? null,
    run?.runId ?? null,
    run?.before ?? null,
    run?.status ?? null,
    run?.attempt ?? null,
    run?.holder ?? null,
    run?.handOvers ?? null,
    run?.turns ?? null,
    run?.dueAt ?? null,
    run?.owner ?? null,
    run?.token ?? null,
    run ? Number(run.reset) : null,
    record.key,
  );
}

function recordOf(row: SessionRow): SessionRecord {
  const run: RunRecord | null =
    row.run_id === null
      ? null
      : {
          runId: row.run_id,
          before: row.run_before,
          status: row.run_status,
          attempt: row.run_attempt,
          holder: row.run_holder,
          handOvers: row.run_hand_overs,
          turns: row.run_turns,
          dueAt: row.run_due_at,
          owner: row.run_owner,
          token: row.run_token,
          reset: row.run_reset === 1,
        };
  return {
    key: row.key,
    fence: row.fence,
    next: row.next,
    tail: null,
    settledFence: row.settled_fence,
    settledSeq: row.settled_seq,
    run,
    ended:
      row.ended_token === null || row.ended_reason === null
        ? null
        : { token: row.ended_token, reason: row.ended_reason },
    sealedTo: row.sealed_to,
    transcriptBytes: row.transcript_bytes,
    expiresAt: row.expires_at,
    revoked: row.revoked,
  };
}
