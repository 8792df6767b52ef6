import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatCursor } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';
import { StoreOpenError } from '../store-error.ts';
import { toPages } from '../entries/log-pages.ts';
import { StoreLockedError } from './open-errors.ts';
import { migrate, MIGRATIONS } from './schema.ts';
import { INSERT_PAGE } from './statements.ts';
import { isLockedError, isNotADatabaseError } from './sqlite-errors.ts';

export const IN_MEMORY = ':memory:';

/** How large the write-ahead log stays on the disk after a burst. */
const WAL_SIZE_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Pages of 4 KiB in the write-ahead log before they are moved into the database (checkpoints.ts): as many as it may hold
 * anyway. Each running reply writes to a page of its own, over and over: the fewer moves, the fewer times each page is
 * moved. With SQLite's 1,000 pages, 500 replies made one every other tick.
 */
export const CHECKPOINT_PAGES = WAL_SIZE_LIMIT_BYTES / 4096;

/** Before SQLite moves them by itself, in the middle of a commit: not before we had the time to. */
const AUTOMATIC_CHECKPOINT_PAGES = 2 * CHECKPOINT_PAGES;

/** Enough for the pages that 500 running replies write to; SQLite's 2 MB made it read them again and again. */
const CACHE_KIBIBYTES = 8 * 1024;

/**
 * Opens the file, makes it ours for as long as the process lives, brings it to the newest version, and voids the leases
 * in it.
 *
 * The lock is one of the operating system, so that it ends with the process, however that ends.
 *
 * @param now ms since the epoch.
 * @throws StoreLockedError when another process holds the file, StoreOpenError when it cannot be used.
 */
export function openDatabase(path: string, now: number, migrations: readonly string[] = MIGRATIONS): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (path !== IN_MEMORY) createPrivateFile(path);
    database = new DatabaseSync(path, { timeout: 0 });
    // The lock comes first: set before the first access it also keeps the index of the write-ahead log in memory.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA secure_delete = ON;
      PRAGMA journal_size_limit = ${WAL_SIZE_LIMIT_BYTES};
      PRAGMA wal_autocheckpoint = ${AUTOMATIC_CHECKPOINT_PAGES};
      PRAGMA cache_size = -${CACHE_KIBIBYTES};
    `);
    // The first write takes the lock for good.
    database.exec('BEGIN IMMEDIATE');
    migrate(database, migrations);
    mergeTail(database);
    // Whoever held a lease held the lock too, and is dead: its runs are due now, as if the leases had run out.
    database.prepare(`UPDATE sessions SET run_due_at = ?1 WHERE run_holder = 'lease' AND run_due_at > ?1`).run(now);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreOpenError) throw error;
    if (isLockedError(error)) {
      throw new StoreLockedError(`Another process is using the store ${path}: stop it, or choose another file.`, {
        cause: error,
      });
    }
    const why = isNotADatabaseError(error) ? 'it is no database' : error instanceof Error ? error.message : 'unknown';
    throw new StoreOpenError(`The store ${path} cannot be opened: ${why}.`, { cause: error });
  }
}

/** Moves what lived in the tail (see tail.ts) to the log: where it was, nobody remembers. */
function mergeTail(database: DatabaseSync): void {
  const insertPage = database.prepare(INSERT_PAGE);
  const left = database.prepare(`
    SELECT session, tail.fence, seq, prev, data FROM tail JOIN sessions ON key = session
    WHERE (tail.fence, seq) > (settled_fence, settled_seq) ORDER BY session, tail.fence, seq`);
  let entries: LogEntry[] = [];
  let owner = -1;
  const move = () => {
    for (const { fence, seq, count, prev, head, data } of toPages(entries)) {
      insertPage.run(owner, fence, seq, count, prev, head, data);
    }
    entries = [];
  };
  for (const row of left.iterate() as Iterable<unknown>) {
    const { session, fence, seq, prev, data } = row as TailRow;
    if (session !== owner) move();
    owner = session;
    const id = formatCursor(fence, seq);
    entries.push(prev === null ? { id, data } : { id, prev, data });
  }
  move();
  database.exec('DELETE FROM tail');
}

interface TailRow {
  session: number;
  fence: number;
  seq: number;
  prev: string | null;
  data: string;
}

/** What visitors wrote is nobody else's: SQLite gives the files beside it the same mode. */
function createPrivateFile(path: string): void {
  makeFolder(dirname(path));
  // Never opened when it is there: closing it would end the locks that this very process may have on it (fcntl(2)).
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  // A folder or a device that was named by mistake is not ours to close to others.
  if (!statSync(path).isFile()) throw new StoreOpenError(`The store ${path} cannot be opened: it is no file.`);
  chmodSync(path, 0o600);
}

/** A folder at a time: Node's own recursive `mkdir` never returns where a folder that is there takes none, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
