import type { DatabaseSync } from 'node:sqlite';

export const INSERT_PAGE =
  'INSERT INTO log (session, fence, seq, count, prev, head, data) VALUES (?, ?, ?, ?, ?, ?, ?)';

/** The pages of a session and a fence with entries after one seq and not after another, the first so many of them. */
const readLog = (data: string): string => `
  SELECT seq, count, prev, head, ${data} FROM log WHERE session = ?1 AND fence = ?2 AND seq > ?3 AND seq - count < ?4
  ORDER BY seq LIMIT ?5`;

export type Statements = ReturnType<typeof prepareStatements>;

/** Every statement of the driver, prepared once and used again; grouped by table. */
export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  /** For many rows at a time: an array costs less than half of what an object with named fields does. */
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
    // What was erased is not left in the write-ahead log either.
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

    insertTail: prepare('INSERT INTO tail (row, session, fence, seq, prev, data) VALUES (?, ?, ?, ?, ?, ?)'),
    cutTail: prepare('DELETE FROM tail WHERE row < ?'),
    deleteTail: prepare('DELETE FROM tail WHERE session = ?'),

    insertPage: prepare(INSERT_PAGE),
    readLog: prepareForArrays(readLog('data')),
    // Of pages that are wanted whole: SQLite takes the line breaks out in half of the time that JavaScript needs.
    readMergedLog: prepareForArrays(
      readLog(`CASE WHEN seq - count >= ?3 AND seq <= ?4 THEN replace(data, char(10), '') ELSE data END`),
    ),
    findNextFence: prepare('SELECT min(fence) AS fence FROM log WHERE session = ? AND fence > ?'),
    findLastSeq: prepare('SELECT max(seq) AS seq FROM log WHERE session = ? AND fence = ?'),
    // A page is dropped as a whole: what lies on both sides of the cursor stays.
    trimLog: prepare('DELETE FROM log WHERE session = ? AND (fence, seq) <= (?, ?)'),
    deleteLog: prepare('DELETE FROM log WHERE session = ?'),
    describeLog: prepare(`
      SELECT fence, sum(count) AS entries, min(seq - count + 1) AS first, max(seq) AS last, max(prev) AS prev FROM (
        SELECT fence, seq, count, prev FROM log WHERE session = ?1
        UNION ALL
        SELECT fence, seq, 1, prev FROM tail WHERE session = ?1 AND (fence, seq) >
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

/** The shapes of the rows, as the schema (STRICT tables) guarantees them. */
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
