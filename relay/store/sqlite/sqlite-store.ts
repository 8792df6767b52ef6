import type { DatabaseSync } from 'node:sqlite';
import type { SessionInspection } from '../session-inspection.ts';
import { drawFenceBits, MAX_TRANSCRIPT_BYTES, requireEntries } from '../port-rules.ts';
import type { SessionStore, StoreOptions } from '../session-store.ts';
import { StoreError } from '../store-error.ts';
import { append, finish } from './append.ts';
import { cancel } from './close-run.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createEraser } from './eraser.ts';
import { createFollowers } from './followers.ts';
import { inspect } from './inspect.ts';
import { claim, release, renew } from './lease.ts';
import { CHECKPOINT_PAGES } from './open-database.ts';
import { rate } from './rate.ts';
import { head, read } from './read.ts';
import { revoke } from './revoke.ts';
import { seal } from './seal.ts';
import { createSessionRepository } from './session-repository.ts';
import { toStoreError } from './sqlite-errors.ts';
import { prepareStatements } from './statements.ts';
import { submit } from './submit.ts';
import { createTail } from './write-buffer.ts';
import { createTailUpkeep } from './write-buffer-upkeep.ts';
import { createTickTransactions, type UnitOfWork } from './tick-transactions.ts';

export interface SqliteStoreOptions extends StoreOptions {
  /** The store's clock, ms since the epoch. For tests; `Date.now` when not given. */
  clock?: (() => number) | undefined;
  /** How many sessions with an active run are kept in memory besides the database. */
  maxCachedRecords?: number | undefined;
  /** How many entries of a session may wait in the tail to be moved to the log: see tail.ts. */
  maxTailEntries?: number | undefined;
  /** After how many pages (4 KiB) in the write-ahead log it is moved into the database. */
  checkpointPages?: number | undefined;
}

/** The store, and a look at what it keeps for people who try to break it. */
export interface SqliteStore extends SessionStore {
  inspect(sessionId: string): SessionInspection | null;
}

/** More than ever run at once. */
const DEFAULT_MAX_CACHED_RECORDS = 16_384;

/** They fill a handful of pages of the log, which are then written in one go. */
const DEFAULT_MAX_TAIL_ENTRIES = 128;

/** The store over a database that `openDatabase` opened, and which is the store's own from now on. */
export function createSqliteStore(database: DatabaseSync, options: SqliteStoreOptions): SqliteStore {
  const {
    ttlMs,
    clock = Date.now,
    random = drawFenceBits,
    logger,
    maxTranscriptBytes = MAX_TRANSCRIPT_BYTES,
  } = options;
  const statements = prepareStatements(database);
  const followers = createFollowers(logger);
  const maxCachedRecords = options.maxCachedRecords ?? DEFAULT_MAX_CACHED_RECORDS;
  const tail = createTail({ statements, maxSessions: maxCachedRecords });
  const sessions = createSessionRepository({
    statements,
    tail,
    followers,
    clock,
    random,
    ttlMs,
    maxCachedRecords,
    maxTailEntries: options.maxTailEntries ?? DEFAULT_MAX_TAIL_ENTRIES,
    onExpired: (sessionId) => eraser.expire(sessionId),
  });
  const work: UnitOfWork = {
    ...sessions.work,
    commit(size) {
      sessions.work.commit(size);
      keepTailShort();
      checkpoints?.afterCommit(size);
    },
  };
  const transactions = createTickTransactions(statements, work, () => database.isTransaction);
  const keepTailShort = createTailUpkeep({ tail, sessions, transactions, logger });
  const file = database.location();
  const checkpoints =
    file === null
      ? null
      : createCheckpoints({
          path: `${file}-wal`,
          everyPages: options.checkpointPages ?? CHECKPOINT_PAGES,
          statements,
          isClosed: transactions.isClosed,
          logger,
        });
  const emptyLog = async () => checkpoints?.empty();
  const eraser = createEraser({ sessions, statements, transactions, emptyLog, logger });
  /** Who is told of hand-overs: objects, since the same listener may follow twice. */
  const dueListeners = new Set<{ readonly listener: () => void }>();
  let closed = false;

  /** Reads see what is committed: no transaction is open between two ticks. */
  async function see<Answer>(look: () => Answer): Promise<Answer> {
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
        sizeOf(input.entries),
      );
    },
    take: (limit) =>
      see(() => {
        const now = sessions.now();
        const next = statements.findNextDue.get(now)?.['due_at'];
        return {
          due: statements.findDue.all(now, limit).map((row) => String(row['session_id'])),
          nextDueMs: typeof next === 'number' ? next - now : null,
        };
      }),
    claim: (sessionId, input) => transactions.write(() => claim(sessions, statements, sessionId, input)),
    renew: (sessionId, input) => transactions.write(() => renew(sessions, sessionId, input)),
    async release(sessionId, input) {
      const answer = await transactions.write(() => release(sessions, sessionId, input));
      if (answer.kind === 'ok' && input.as === 'hand-over' && input.delayMs === 0) {
        for (const { listener } of [...dueListeners]) listener();
      }
      return answer;
    },
    append: (sessionId, input) =>
      transactions.write(() => append(sessions, statements, sessionId, input), sizeOf(input.entries)),
    async finish(sessionId, input) {
      requireEntries(input.entries);
      return transactions.write(() => finish(sessions, statements, sessionId, input), sizeOf(input.entries));
    },
    cancel: (sessionId, input) => transactions.write(() => cancel(sessions, statements, sessionId, input)),
    seal: (sessionId, input) =>
      transactions.write(() => seal(sessions, statements, sessionId, input), input.transcript.length),
    rate: (sessionId, input) => transactions.write(() => rate(sessions, statements, sessionId, input)),
    revoke: (sessionId) => transactions.write(() => revoke(sessions, sessionId)),
    read: (sessionId, input) => see(() => read(sessions, statements, tail, sessionId, input)),
    head: (sessionId) => see(() => head(sessions, sessionId)),
    follow: (sessionId, listener) => see(() => followers.add(sessionId, listener)),
    followDue: (listener) =>
      see(() => {
        const entry = { listener };
        dueListeners.add(entry);
        return () => void dueListeners.delete(entry);
      }),
    delete: (sessionId) => eraser.delete(sessionId),
    check: () => transactions.write(() => void statements.probe.run(sessions.now())),
    inspect: (sessionId) => inspect(statements, sessionId, clock()),

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

function sizeOf(entries: readonly string[]): number {
  let size = 0;
  for (const entry of entries) size += entry.length;
  return size;
}
