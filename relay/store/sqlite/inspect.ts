import { formatCursor } from '#shared/cursor.ts';
import type { FenceInspection, SessionInspection } from '../session-inspection.ts';
import type { SessionRow, Statements } from './statements.ts';

/**
 * What the store keeps of a session; null when there is no such session.
 *
 * @param now the store's clock, ms since the epoch.
 */
export function inspect(statements: Statements, sessionId: string, now: number): SessionInspection | null {
  const row = statements.findSession.get(sessionId) as unknown as SessionRow | undefined;
  if (!row) return null;
  const log = statements.describeLog.all(row.key) as unknown as FenceInspection[];
  const newest = log.at(-1);
  return {
    fence: row.fence,
    head: newest ? formatCursor(newest.fence, newest.last) : row.sealed_to,
    sealedTo: row.sealed_to,
    transcriptBytes: row.transcript_bytes,
    expiresAt: row.expires_at,
    now,
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
    log,
    steps: row.run_id === null ? [] : statements.readSteps.all(row.key, row.run_id).map((step) => String(step['name'])),
  };
}
