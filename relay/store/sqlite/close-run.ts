import { cancelledEntry } from '../entries/control-entries.ts';
import type { CancelAnswer, CancelInput } from '../session-store.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** Closes the run, whose last entries are written, and drops its journal. */
export function closeRun(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  record: SessionRecord,
  ended: SessionRecord['ended'] = null,
): void {
  statements.deleteSteps.run(record.key);
  sessions.save(sessionId, { ...sessions.settle(sessionId, record), run: null, ended });
}

/** See `SessionStore.cancel`. */
export function cancel(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  input: CancelInput,
): CancelAnswer {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return found;
  const { record } = found;
  const known = statements.findCancel.get(record.key, input.token)?.['run_id'];
  if (typeof known === 'string') return { kind: 'ok', runId: known };
  const { run } = record;
  if (!run || (input.runId !== undefined && input.runId !== run.runId)) return { kind: 'none' };

  const now = sessions.now();
  const entry = cancelledEntry({ runId: run.runId, attempt: run.attempt, at: now });
  const opened = sessions.open(sessionId, record, sessions.nextFence(record, now), [entry]);
  closeRun(sessions, statements, sessionId, opened);
  statements.insertCancel.run(record.key, input.token, run.runId);
  return { kind: 'ok', runId: run.runId };
}
