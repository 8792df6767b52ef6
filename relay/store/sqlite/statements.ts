import type { DatabaseSync } from 'node:sqlite';

/** Inserts a page (see log-pages.ts) into the log. */
export const INSERT_PAGE =
  'INSERT INTO log (session, fence, seq, count, prev, head, data) VALUES (?, ?, ?, ?, ?, ?, ?)';

/** Pages of one session and fence with entries after seq ?3 and up to ?4, ?5 pages at most. */
const readLog = (data: string): string => `
  SELECT seq, count, prev, head, ${data} FROM log WHERE session = ?1 AND fence = ?2 AND seq > ?3 AND seq - count < ?4
  ORDER BY seq LIMIT ?5`;

/** The driver's prepared statements, by name. */
export type Statements = ReturnType<typeof prepareStatements>;

/** Prepares every statement of the driver once; grouped by table. */
export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  /** For reads of many rows: a row as an array costs less than half of what a row as an object does. */
  const prepareForArrays = (sql: string) => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),
    savepoint: prepare('SAVEPOINT operation'),
    release: prepare('RELEASE operation'),
    rollbackTo: prepare('ROLLBACK TO operation'),
    checkpoint: prepare('PRAGMA wal_checkpoint(PASSIVE)'),
    // Erased data must not stay in the write-ahead log either.
    emptyLog: prepare('PRAGMA wal_checkpoint(TRUNCATE)'),
    probe: prepare('UPDATE probe SET checked_at = ?'),

    findSession: prepare('SELECT * FROM sessions WHERE session_id = ?'),
    insertSession: prepare(
      `INSERT INTO sessions (session_id, fence, next, settled_fence, settled_seq, sealed_to, transcript_bytes)
       VALUES (?, 0, 0, 0, 0, '0-0', 0)`,
    ),
    updateSession: prepare(`
      UPDATE sessions SET
        fence = ?, next = ?, settled_fence = ?, settled_seq = ?, sealed_to = ?, transcript_bytes = ?, expires_at = ?,
        revoked = ?, ended_token = ?, ended_reason = ?,
        run_id = ?, run_before = ?, run_status = ?, run_attempt = ?, run_holder = ?, run_hand_overs = ?, run_turns = ?,
        run_due_at = ?, run_owner = ?, run_token = ?, run_reset = ?
      WHERE key = ?`),
    deleteSession: prepare('DELETE FROM sessions WHERE key = ?'),
    findDue: prepare('SELECT session_id FROM sessions WHERE run_due_at <= ? ORDER BY run_due_at, key LIMIT ?'),
    findNextDue: prepare('SELECT min(run_due_at) AS due_at FROM sessions WHERE run_due_at > ?'),
    findExpired: prepare('SELECT session_id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),

    insertBuffered: prepare(
      'INSERT INTO write_buffer (row, session, fence, seq, prev, data) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    cutBuffer: prepare('DELETE FROM write_buffer WHERE row < ?'),
    deleteBuffered: prepare('DELETE FROM write_buffer WHERE session = ?'),

    insertPage: prepare(INSERT_PAGE),
    readLog: prepareForArrays(readLog('data')),
    // Pages that are wanted whole come without their line breaks: SQLite removes them in half the time JavaScript needs.
    readMergedLog: prepareForArrays(
      readLog(`CASE WHEN seq - count >= ?3 AND seq <= ?4 THEN replace(data, char(10), '') ELSE data END`),
    ),
    findNextFence: prepare('SELECT min(fence) AS fence FROM log WHERE session = ? AND fence > ?'),
    findLastSeq: prepare('SELECT max(seq) AS seq FROM log WHERE session = ? AND fence = ?'),
    // Pages are dropped whole: one with entries on both sides of the cursor stays.
    trimLog: prepare('DELETE FROM log WHERE session = ? AND (fence, seq) <= (?, ?)'),
    deleteLog: prepare('DELETE FROM log WHERE session = ?'),
    describeLog: prepare(`
      SELECT fence, sum(count) AS entries, min(seq - count + 1) AS first, max(seq) AS last, max(prev) AS prev FROM (
        SELECT fence, seq, count, prev FROM log WHERE session = ?1
        UNION ALL
        SELECT fence, seq, 1, prev FROM write_buffer WHERE session = ?1 AND (fence, seq) >
          (SELECT settled_fence, settled_seq FROM sessions WHERE key = ?1)
      ) GROUP BY fence ORDER BY fence`),

    readTranscript: prepare('SELECT messages FROM transcripts WHERE session = ?'),
    writeTranscript: prepare('INSERT OR REPLACE INTO transcripts (session, messages) VALUES (?, ?)'),
    deleteTranscript: prepare('DELETE FROM transcripts WHERE session = ?'),

    readFeedback: prepare('SELECT message_id, data FROM feedback WHERE session = ?'),
    writeFeedback: prepare('INSERT OR REPLACE INTO feedback (session, message_id, data) VALUES (?, ?, ?)'),
    removeFeedback: prepare('DELETE FROM feedback WHERE session = ? AND message_id = ?'),
    deleteFeedback: prepare('DELETE FROM feedback WHERE session = ?'),

    findPrompt: prepare('SELECT hash, run_id, cursor FROM prompts WHERE session = ? AND message_id = ?'),
    findReply: prepare('SELECT 1 FROM prompts WHERE session = ? AND run_id = ?'),
    insertPrompt: prepare('INSERT INTO prompts (session, message_id, hash, run_id, cursor) VALUES (?, ?, ?, ?, ?)'),
    deletePrompts: prepare('DELETE FROM prompts WHERE session = ?'),

    findCancel: prepare('SELECT run_id FROM cancels WHERE session = ? AND token = ?'),
    insertCancel: prepare('INSERT INTO cancels (session, token, run_id) VALUES (?, ?, ?)'),
    deleteCancels: prepare('DELETE FROM cancels WHERE session = ?'),

    findStep: prepare('SELECT 1 FROM steps WHERE session = ? AND run_id = ? AND name = ?'),
    readSteps: prepare('SELECT name, result FROM steps WHERE session = ? AND run_id = ?'),
    insertStep: prepare('INSERT INTO steps (session, run_id, name, result) VALUES (?, ?, ?, ?)'),
    deleteSteps: prepare('DELETE FROM steps WHERE session = ?'),

    findTombstone: prepare('SELECT until FROM tombstones WHERE session_id = ?'),
    writeTombstone: prepare('INSERT OR REPLACE INTO tombstones (session_id, until) VALUES (?, ?)'),
    deleteTombstone: prepare('DELETE FROM tombstones WHERE session_id = ?'),
    deleteOldTombstones: prepare(
      'DELETE FROM tombstones WHERE session_id IN (SELECT session_id FROM tombstones WHERE until <= ? LIMIT ?)',
    ),
  };
}

/** A row of `sessions`, as the schema (a STRICT table) guarantees it. */
export interface SessionRow {
  key: number;
  session_id: string;
  fence: number;
  next: number;
  settled_fence: number;
  settled_seq: number;
  sealed_to: string;
  transcript_bytes: number;
  expires_at: number | null;
  revoked: number;
  ended_token: string | null;
  ended_reason: 'attempts-exhausted' | 'interrupted' | null;
  run_id: string | null;
  run_before: string;
  run_status: 'queued' | 'started' | 'restarted';
  run_attempt: number;
  run_holder: 'nobody' | 'lease' | 'hand-over' | 'retry';
  run_hand_overs: number;
  run_turns: number;
  run_due_at: number;
  run_owner: string;
  run_token: string;
  run_reset: 0 | 1;
}
