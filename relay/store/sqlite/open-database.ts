import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatCursor } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';
import { StoreOpenError } from '../store-error.ts';
import { toPages } from '../entries/log-pages.ts';
import { migrate, MIGRATIONS } from './schema.ts';
import { INSERT_PAGE } from './statements.ts';
import { isLockedError, isNotADatabaseError, StoreLockedError } from './sqlite-errors.ts';

/** Path of a database that is kept in memory and ends with the process. */
export const IN_MEMORY = ':memory:';

/** Size that the write-ahead log keeps on the disk after a burst. */
const WAL_SIZE_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Pages (4 KiB) in the write-ahead log that are worth a checkpoint (checkpoints.ts): as many as fit into its size on disk.
 * Every active reply writes to a page of its own, over and over, so that rarer checkpoints move each page less often. With
 * SQLite's default of 1,000 pages, 500 replies caused a checkpoint every other tick.
 */
export const CHECKPOINT_PAGES = WAL_SIZE_LIMIT_BYTES / 4096;

/** Pages after which SQLite makes a checkpoint itself, in the middle of a commit: a fallback for when ours is late. */
const AUTOMATIC_CHECKPOINT_PAGES = 2 * CHECKPOINT_PAGES;

/** Cache for the pages that 500 active replies write to; with SQLite's default of 2 MB they were read again and again. */
const CACHE_KIBIBYTES = 8 * 1024;

/**
 * Opens the file, locks it for as long as the process lives, migrates it to the newest version, settles its write buffer
 * and expires the leases in it.
 *
 * The lock is the operating system's: it ends with the process, however that ends.
 *
 * @param now ms since the epoch.
 * @throws StoreLockedError when another process holds the file, StoreOpenError when it cannot be used.
 */
export function openDatabase(path: string, now: number, migrations: readonly string[] = MIGRATIONS): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (path !== IN_MEMORY) createPrivateFile(path);
    database = new DatabaseSync(path, { timeout: 0 });
    // locking_mode comes first: set before the first access it also keeps the index of the write-ahead log in memory.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA secure_delete = ON;
      PRAGMA journal_size_limit = ${WAL_SIZE_LIMIT_BYTES};
      PRAGMA wal_autocheckpoint = ${AUTOMATIC_CHECKPOINT_PAGES};
      PRAGMA cache_size = -${CACHE_KIBIBYTES};
    `);
    // The first write takes the lock, which is kept.
    database.exec('BEGIN IMMEDIATE');
    migrate(database, migrations);
    settleBuffer(database);
    // Holders of leases held the lock too, so they are dead: their runs are due now, as if the leases had expired.
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

/** Settles what is left in the write buffer (write-buffer.ts), which starts empty with each process. */
function settleBuffer(database: DatabaseSync): void {
  const insertPage = database.prepare(INSERT_PAGE);
  const left = database.prepare(`
    SELECT session, buffer.fence, seq, prev, data FROM write_buffer AS buffer JOIN sessions ON key = session
    WHERE (buffer.fence, seq) > (settled_fence, settled_seq) ORDER BY session, buffer.fence, seq`);
  let entries: LogEntry[] = [];
  let owner = -1;
  const settle = () => {
    for (const { fence, seq, count, prev, head, data } of toPages(entries)) {
      insertPage.run(owner, fence, seq, count, prev, head, data);
    }
    entries = [];
  };
  for (const row of left.iterate() as Iterable<unknown>) {
    const { session, fence, seq, prev, data } = row as BufferRow;
    if (session !== owner) settle();
    owner = session;
    const id = formatCursor(fence, seq);
    entries.push(prev === null ? { id, data } : { id, prev, data });
  }
  settle();
  database.exec('DELETE FROM write_buffer');
}

interface BufferRow {
  session: number;
  fence: number;
  seq: number;
  prev: string | null;
  data: string;
}

/** Makes the file readable by its owner only. SQLite gives the files beside it the same mode. */
function createPrivateFile(path: string): void {
  makeFolder(dirname(path));
  // Not opened when it exists: closing it would release the locks that this very process may hold on it (fcntl(2)).
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  // A folder or a device that was named by mistake must keep its mode.
  if (!statSync(path).isFile()) throw new StoreOpenError(`The store ${path} cannot be opened: it is no file.`);
  chmodSync(path, 0o600);
}

/** One folder at a time: Node's recursive `mkdir` never returns in an existing folder that accepts none, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
