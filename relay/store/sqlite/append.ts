import type { AppendAnswer, AppendInput, StepRecord } from '../session-store.ts';
import { closeRun } from './close-run.ts';
import type { RunRecord, SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** See `SessionStore.append`. */
export function append(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  input: AppendInput,
): AppendAnswer {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return { kind: 'none' };
  const { record } = found;
  const { run, next } = record;
  if (!run) return landed(record, input) ? { kind: 'duplicate', next } : { kind: 'closed' };
  if (!holds(record, run, input.fence)) return { kind: 'fenced' };

  const newStep = input.step && !hasStep(statements, record, run, input.step) ? input.step : undefined;
  if (landed(record, input) && !newStep && (input.entries.length > 0 || input.step)) return { kind: 'duplicate', next };
  // The run was given back: what was written before stands, and nothing more is written.
  if (run.holder !== 'lease') return { kind: 'fenced' };
  if (input.seq > next) return { kind: 'gap', next };

  const extended = sessions.extend(sessionId, record, input.entries.slice(next - input.seq));
  if (newStep) {
    statements.insertStep.run(record.key, run.runId, newStep.name, newStep.result);
    const turns = newStep.turns ?? run.turns;
    if (turns !== run.turns) sessions.save(sessionId, { ...extended, run: { ...run, turns } });
  }
  return { kind: 'ok', next: extended.next };
}

/** See `SessionStore.finish`. */
export function finish(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  input: AppendInput,
): AppendAnswer {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return { kind: 'none' };
  const { record } = found;
  const { run, next } = record;
  if (!run) return landed(record, input) ? { kind: 'duplicate', next } : { kind: 'closed' };
  if (!holds(record, run, input.fence) || run.holder !== 'lease') return { kind: 'fenced' };
  // An overlap is refused too: as the run is open, the entries there are not these.
  if (input.seq !== next) return { kind: 'gap', next };

  const extended = sessions.extend(sessionId, record, input.entries);
  closeRun(sessions, statements, sessionId, extended);
  return { kind: 'ok', next: extended.next };
}

/** Does `fence` belong to the newest claim of this run? */
function holds(record: SessionRecord, run: RunRecord, fence: number): boolean {
  return record.fence === fence && run.holder !== 'nobody';
}

/** Are all of these entries in the log? */
function landed(record: SessionRecord, input: AppendInput): boolean {
  return record.fence === input.fence && input.seq + input.entries.length <= record.next;
}

function hasStep(statements: Statements, record: SessionRecord, run: RunRecord, step: StepRecord): boolean {
  return statements.findStep.get(record.key, run.runId, step.name) !== undefined;
}
