import type { RunRecord, SessionRecord } from './session-record.ts';
import type { SessionRow, Statements } from './statements.ts';

/** Writes a record to the session's row. What is buffered is written entry by entry, and is not part of the row. */
export function writeRow(statements: Statements, record: SessionRecord): void {
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

/** The record of a row, as far as the row says. */
export function toRecord(row: SessionRow): SessionRecord {
  return {
    key: row.key,
    fence: row.fence,
    next: row.next,
    buffered: null,
    settledFence: row.settled_fence,
    settledSeq: row.settled_seq,
    run: runOf(row),
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

function runOf(row: SessionRow): RunRecord | null {
  if (row.run_id === null) return null;
  return {
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
}
