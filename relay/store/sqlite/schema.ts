import type { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from '../store-error.ts';

/** Marks a file as this project's, so that no other database is taken for one: 'rcht' in ASCII. */
export const APPLICATION_ID = 0x72636874;

/**
 * One script for each version of the format, applied in order to a file of an older version; `user_version` counts them. A
 * script that was released is never changed again.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- One row a session. Numbers are safe integers, times ms since the epoch, cursors text.
  CREATE TABLE sessions (
    key              INTEGER PRIMARY KEY,
    session_id       TEXT    NOT NULL UNIQUE,
    fence            INTEGER NOT NULL,
    -- seq of the next entry under this fence when the row was written. Appends do not update it: the entries count.
    next             INTEGER NOT NULL,
    -- The last entry that was settled: moved from the write buffer (table tail, later write_buffer) to the log.
    settled_fence    INTEGER NOT NULL,
    settled_seq      INTEGER NOT NULL,
    sealed_to        TEXT    NOT NULL,
    transcript_bytes INTEGER NOT NULL,
    expires_at       INTEGER,
    -- The claim that ended the last run, to answer the same token again.
    ended_token      TEXT,
    ended_reason     TEXT,
    -- The active run; all null when there is none.
    run_id           TEXT,
    run_before       TEXT,
    run_status       TEXT,
    run_attempt      INTEGER,
    run_holder       TEXT,
    run_hand_overs   INTEGER,
    run_turns        INTEGER,
    run_due_at       INTEGER,
    run_owner        TEXT,
    run_token        TEXT,
    run_reset        INTEGER
  ) STRICT;
  CREATE INDEX sessions_due ON sessions (run_due_at) WHERE run_due_at IS NOT NULL;
  CREATE INDEX sessions_expiry ON sessions (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE log (
    session INTEGER NOT NULL,
    fence   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    prev    TEXT,
    data    TEXT    NOT NULL,
    PRIMARY KEY (session, fence, seq)
  ) STRICT, WITHOUT ROWID;

  -- The newest entries of all sessions in the order they were written: see write-buffer.ts. Rows that do not come after
  -- their session's settled entry are dead.
  CREATE TABLE tail (
    row     INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    fence   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    prev    TEXT,
    data    TEXT    NOT NULL
  ) STRICT;

  CREATE TABLE transcripts (
    session  INTEGER PRIMARY KEY,
    messages TEXT NOT NULL
  ) STRICT;

  -- The answer to each message id.
  CREATE TABLE prompts (
    session    INTEGER NOT NULL,
    message_id TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    run_id     TEXT    NOT NULL,
    cursor     TEXT    NOT NULL,
    PRIMARY KEY (session, message_id)
  ) STRICT, WITHOUT ROWID;

  -- The answer to each cancel that stopped a run.
  CREATE TABLE cancels (
    session INTEGER NOT NULL,
    token   TEXT    NOT NULL,
    run_id  TEXT    NOT NULL,
    PRIMARY KEY (session, token)
  ) STRICT, WITHOUT ROWID;

  -- The journal of the active run.
  CREATE TABLE steps (
    session INTEGER NOT NULL,
    run_id  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    result  TEXT    NOT NULL,
    PRIMARY KEY (session, run_id, name)
  ) STRICT, WITHOUT ROWID;

  -- Sessions that were deleted or have expired, until they are forgotten.
  CREATE TABLE tombstones (
    session_id TEXT PRIMARY KEY,
    until      INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tombstones_until ON tombstones (until);

  -- One row that health checks write.
  CREATE TABLE probe (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    checked_at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO probe VALUES (1, 0);
  `,
  `
  -- Ratings of replies; kept beside the log.
  CREATE TABLE feedback (
    session    INTEGER NOT NULL,
    message_id TEXT    NOT NULL,
    data       TEXT    NOT NULL,
    PRIMARY KEY (session, message_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- A row of the log is a page of entries, seq that of the last: see log-pages.ts.
  ALTER TABLE log ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE log ADD COLUMN head TEXT;
  `,
  `
  -- How often the shares of a session were revoked.
  ALTER TABLE sessions ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;
  `,
  `
  ALTER TABLE tail RENAME TO write_buffer;
  `,
];

/**
 * Migrates the file to the newest version, in the caller's transaction.
 *
 * @throws StoreOpenError when the file is of a newer version, or belongs to another program.
 */
export function migrate(database: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = readPragma(database, 'user_version');
  if (version > migrations.length) {
    throw new StoreOpenError(
      `The store was written by a newer release of this relay (version ${version} of its format, this release knows ` +
        `${migrations.length}): start that release, or choose another file.`,
    );
  }
  const empty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!empty && readPragma(database, 'application_id') !== APPLICATION_ID) {
    throw new StoreOpenError('The file is a database of another program: choose another file for the store.');
  }
  for (const script of migrations.slice(version)) database.exec(script);
  // Pragmas take no parameters; both numbers are ours.
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length};`);
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === 'number' ? value : 0;
}
