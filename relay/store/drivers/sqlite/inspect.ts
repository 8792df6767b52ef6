import type { SessionRow, Statements } from './statements.ts';

/** What the store keeps of a session, for people who look; no text of the conversation. */
export interface SessionInspection {
  fence: number;
  sealedTo: string;
  transcriptBytes: number;
  expiresAt: number | null;
  run: { runId: string; status: string; attempt: number; holder: string; owner: string; handOvers: number; dueAt: number } | null;
  /** The log as it is: how many entries under each fence, and their first and last seq. */
  log: { fence: number; entries: number; first: number; last: number }[];
  /** Names of the steps that have finished. */
  steps: string[];
}

export function inspect(statements: Statements, sessionId: string): SessionInspection | null {
  const row = statements.findSession.get(sessionId) as unknown as SessionRow | undefined;
  if (!row) return null;
  return {
    fence: row.fence,
    sealedTo: row.sealed_to,
    transcriptBytes: row.transcript_bytes,
    expiresAt: row.expires_at,
    run:
      row.run_id === null
        ? null
        : {
            runId: row.run_id,
            status: row.run_status,
            attempt: row.run_attempt,
            holder: row.run_holder,
            owner: row.run_owner,
            handOvers: row.run_hand_overs,
            dueAt: row.run_due_at,
          },
    log: statements.describeLog.all(row.key) as unknown as SessionInspection['log'],
    steps: row.run_id === null ? [] : statements.readSteps.all(row.key, row.run_id).map((step) => String(step['name'])),
  };
}
