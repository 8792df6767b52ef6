import type { DatabaseSync } from 'node:sqlite';
import { createDueListeners } from '../due-listeners.ts';
import { drawFenceBits, MAX_TRANSCRIPT_BYTES, requireEntries } from '../port-rules.ts';
import type { SessionInspection } from '../session-inspection.ts';
import type { SessionStore, StoreOptions, TakeAnswer } from '../session-store.ts';
import { StoreError } from '../store-error.ts';
import { append, finish } from './append.ts';
import { createCheckpoints, type Checkpoints } from './checkpoints.ts';
import { cancel } from './close-run.ts';
import { createEraser } from './eraser.ts';
import { createFollowers } from './followers.ts';
import { inspect } from './inspect.ts';
import { claim, release, renew } from './lease.ts';
import { CHECKPOINT_PAGES } from './open-database.ts';
import { rate } from './rate.ts';
import { head, read } from './read.ts';
import { revoke } from './revoke.ts';
import { seal } from './seal.ts';
import { createSessionChanges } from './session-changes.ts';
import { createSessionRepository } from './session-repository.ts';
import { toStoreError } from './sqlite-errors.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { submit } from './submit.ts';
import { createTickTransactions } from './tick-transactions.ts';
import { createWriteBufferUpkeep } from './write-buffer-upkeep.ts';
import { createWriteBuffer } from './write-buffer.ts';

/** Options of `createSqliteStore`. */
export interface SqliteStoreOptions extends StoreOptions {
  /** The store's clock, ms since the epoch. For tests; `Date.now` when not given. */
  clock?: (() => number) | undefined;
  /** Sessions with an active run that are kept in memory besides the database, at most. 16,384 when not given. */
  maxCachedRecords?: number | undefined;
  /** Entries of one session in the write buffer, at most: see write-buffer.ts. 128 when not given. */
  maxBufferedEntries?: number | undefined;
  /** Pages (4 KiB) in the write-ahead log that are worth a checkpoint. 4,096 when not given. */
  checkpointPages?: number | undefined;
}

/** The store, with a view of what it keeps, for inspection. */
export interface SqliteStore extends SessionStore {
  /** Everything stored for a session; null when there is no such session. */
  inspect(sessionId: string): SessionInspection | null;
}

/** More runs than are ever active at once. */
const MAX_CACHED_RECORDS = 16_384;

/** These fill a handful of database pages, which are then written in one go. */
const MAX_BUFFERED_ENTRIES = 128;

/** A store over a database that `openDatabase` opened. The store owns the database from now on, and closes it. */
export function createSqliteStore(database: DatabaseSync, options: SqliteStoreOptions): SqliteStore {
  const { maxTranscriptBytes = MAX_TRANSCRIPT_BYTES, logger } = options;
  const { statements, buffer, sessions, transactions, followers, checkpoints, eraser } = assemble(database, options);
  const dueListeners = createDueListeners(logger);
  let closed = false;

  /** Reads see what is committed: no transaction is open between two ticks. */
  async function readCommitted<Answer>(look: () => Answer): Promise<Answer> {
    if (closed) throw new StoreError('store-unavailable', 'the store is closed');
    try {
      return look();
    } catch (error) {
      throw toStoreError(error);
    }
  }

  return {
    async submit(sessionId, input) {
      requireEntries(input.entries);
      return transactions.write(
        () => submit(sessions, statements, maxTranscriptBytes, sessionId, input),
        lengthOf(input.entries),
      );
    },
    take: (limit) => readCommitted(() => findDue(statements, sessions.now(), limit)),
    claim: (sessionId, input) => transactions.write(() => claim(sessions, statements, sessionId, input)),
    renew: (sessionId, input) => transactions.write(() => renew(sessions, sessionId, input)),
    async release(sessionId, input) {
      const answer = await transactions.write(() => release(sessions, sessionId, input));
      if (answer.kind === 'ok' && input.as === 'hand-over' && input.delayMs === 0) dueListeners.notify();
      return answer;
    },
    append: (sessionId, input) =>
      transactions.write(() => append(sessions, statements, sessionId, input), lengthOf(input.entries)),
    async finish(sessionId, input) {
      requireEntries(input.entries);
      return transactions.write(() => finish(sessions, statements, sessionId, input), lengthOf(input.entries));
    },
    cancel: (sessionId, input) => transactions.write(() => cancel(sessions, statements, sessionId, input)),
    seal: (sessionId, input) =>
      transactions.write(() => seal(sessions, statements, sessionId, input), input.transcript.length),
    rate: (sessionId, input) => transactions.write(() => rate(sessions, statements, sessionId, input)),
    revoke: (sessionId) => transactions.write(() => revoke(sessions, sessionId)),
    read: (sessionId, input) => readCommitted(() => read(sessions, statements, buffer, sessionId, input)),
    head: (sessionId) => readCommitted(() => head(sessions, sessionId)),
    follow: (sessionId, listener) => readCommitted(() => followers.add(sessionId, listener)),
    followDue: (listener) => readCommitted(() => dueListeners.add(listener)),
    delete: (sessionId) => eraser.delete(sessionId),
    check: () => transactions.write(() => void statements.probe.run(sessions.now())),
    inspect: (sessionId) => inspect(statements, sessionId, sessions.now()),

    async close() {
      if (closed) return;
      closed = true;
      eraser.stop();
      transactions.close();
      followers.clear();
      dueListeners.clear();
      database.close();
      await checkpoints?.settled();
    },
  };
}

/** The parts of a store, tied together. */
function assemble(database: DatabaseSync, options: SqliteStoreOptions) {
  const { ttlMs, clock = Date.now, random = drawFenceBits, logger } = options;
  const { maxCachedRecords = MAX_CACHED_RECORDS, maxBufferedEntries = MAX_BUFFERED_ENTRIES } = options;
  const statements = prepareStatements(database);
  const followers = createFollowers(logger);
  const buffer = createWriteBuffer({ statements, maxSessions: maxCachedRecords });
  const changes = createSessionChanges({ followers, buffer, maxCachedRecords });
  const sessions = createSessionRepository({
    statements,
    buffer,
    changes,
    isFollowed: followers.has,
    clock,
    random,
    ttlMs,
    maxBufferedEntries,
    onExpired: (sessionId) => eraser.expire(sessionId),
  });
  const work = {
    ...changes.work,
    commit(length: number) {
      changes.work.commit(length);
      keepBufferShort();
      checkpoints?.afterCommit(length);
    },
  };
  const transactions = createTickTransactions(statements, work, () => database.isTransaction);
  const keepBufferShort = createWriteBufferUpkeep({ buffer, sessions, transactions, logger });
  const checkpoints = checkpointsOf(database, statements, transactions.isClosed, options);
  const emptyLog = async () => checkpoints?.empty();
  const eraser = createEraser({ sessions, statements, transactions, emptyLog, logger });
  return { statements, buffer, sessions, transactions, followers, checkpoints, eraser };
}

/** Null for a database in memory, which has no write-ahead log. */
function checkpointsOf(
  database: DatabaseSync,
  statements: Statements,
  isClosed: () => boolean,
  { checkpointPages = CHECKPOINT_PAGES, logger }: SqliteStoreOptions,
): Checkpoints | null {
  const file = database.location();
  return file === null
    ? null
    : createCheckpoints({ path: `${file}-wal`, everyPages: checkpointPages, statements, isClosed, logger });
}

function findDue(statements: Statements, now: number, limit: number): TakeAnswer {
  const next = statements.findNextDue.get(now)?.['due_at'];
  return {
    due: statements.findDue.all(now, limit).map((row) => String(row['session_id'])),
    nextDueMs: typeof next === 'number' ? next - now : null,
  };
}

/** Characters of all entries. */
function lengthOf(entries: readonly string[]): number {
  let length = 0;
  for (const entry of entries) length += entry.length;
  return length;
}
