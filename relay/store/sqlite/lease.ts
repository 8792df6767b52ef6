import { endedEntries, restartedEntry, startedEntry } from '../entries/control-entries.ts';
import { MAX_HAND_OVERS } from '../port-rules.ts';
import type { ClaimAnswer, ClaimInput, Lease, LeaseAnswer, ReleaseInput } from '../session-store.ts';
import { closeRun } from './close-run.ts';
import { headOf, type EndReason, type RunRecord, type SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** See `SessionStore.claim`. */
export function claim(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  input: ClaimInput,
): ClaimAnswer {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return { kind: 'none' };
  const { record } = found;
  const { run } = record;
  if (!run) {
    return record.ended?.token === input.token ? { kind: 'ended', reason: record.ended.reason } : { kind: 'closed' };
  }
  if (run.holder !== 'nobody' && run.token === input.token) {
    // A late copy of a claim must not take back a run that its lease has released since.
    return run.holder === 'lease'
      ? { kind: 'lease', lease: leaseOf(statements, record, run) }
      : { kind: 'owned', dueAt: run.dueAt };
  }
  const now = sessions.now();
  if (run.dueAt > now) return { kind: 'owned', dueAt: run.dueAt };

  const attempt = countsAttempt(run) ? run.attempt + 1 : run.attempt;
  const end = endReason(run, attempt, input);
  const fence = sessions.nextFence(record, now);
  if (end) {
    const fields = { runId: run.runId, attempt: run.attempt, at: now };
    const opened = sessions.open(sessionId, record, fence, endedEntries(fields, end));
    closeRun(sessions, statements, sessionId, opened, { token: input.token, reason: end });
    return { kind: 'ended', reason: end };
  }

  const first = run.holder === 'nobody';
  const reset = !(input.takeover.kind === 'continue' && input.takeover.head === headOf(record));
  const fields = { runId: run.runId, attempt, at: now };
  const entry = first ? startedEntry(fields) : restartedEntry(fields, reset ? run.turns : null);
  const claimed: RunRecord = {
    ...run,
    status: first ? 'started' : 'restarted',
    attempt,
    holder: 'lease',
    dueAt: now + input.leaseMs,
    owner: input.owner,
    token: input.token,
    reset: first || reset,
  };
  const saved = sessions.save(sessionId, { ...sessions.open(sessionId, record, fence, [entry]), run: claimed });
  return { kind: 'lease', lease: leaseOf(statements, saved, claimed) };
}

/** See `SessionStore.renew`. */
export function renew(
  sessions: SessionRepository,
  sessionId: string,
  input: { fence: number; leaseMs: number },
): LeaseAnswer {
  const held = findHeld(sessions, sessionId, input.fence);
  if (held.kind !== 'held') return held;
  if (held.run.holder !== 'lease') return { kind: 'fenced' };
  sessions.save(sessionId, { ...held.record, run: { ...held.run, dueAt: sessions.now() + input.leaseMs } });
  return { kind: 'ok' };
}

/** See `SessionStore.release`. */
export function release(sessions: SessionRepository, sessionId: string, input: ReleaseInput): LeaseAnswer {
  const held = findHeld(sessions, sessionId, input.fence);
  if (held.kind !== 'held') return held;
  const { record, run } = held;
  // The same release again.
  if (run.holder !== 'lease') return { kind: 'ok' };
  sessions.save(sessionId, {
    ...record,
    run: {
      ...run,
      holder: input.as,
      handOvers: run.handOvers + (input.as === 'hand-over' ? 1 : 0),
      dueAt: sessions.now() + input.delayMs,
    },
  });
  return { kind: 'ok' };
}

/** The run whose newest claim was given `fence`, whether it was released since or not. */
function findHeld(
  sessions: SessionRepository,
  sessionId: string,
  fence: number,
): { kind: 'held'; record: SessionRecord; run: RunRecord } | Exclude<LeaseAnswer, { kind: 'ok' }> {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return { kind: 'none' };
  const { record } = found;
  if (!record.run) return { kind: 'closed' };
  if (record.fence !== fence || record.run.holder === 'nobody') return { kind: 'fenced' };
  return { kind: 'held', record, run: record.run };
}

/** Does the next claim count as a new attempt? After an expired lease and after a release, unless that was planned. */
function countsAttempt(run: RunRecord): boolean {
  if (run.holder === 'nobody') return false;
  return run.holder !== 'hand-over' || run.handOvers > MAX_HAND_OVERS;
}

function endReason(run: RunRecord, attempt: number, { maxAttempts, takeover }: ClaimInput): EndReason | null {
  if (attempt > maxAttempts) return 'attempts-exhausted';
  // After a retry, which the workflow itself asked for, nothing was interrupted.
  const interrupted = run.holder === 'lease' || run.holder === 'hand-over';
  return takeover.kind === 'fail' && interrupted ? 'interrupted' : null;
}

function leaseOf(statements: Statements, record: SessionRecord, run: RunRecord): Lease {
  const rows = statements.readSteps.all(record.key, run.runId) as unknown as { name: string; result: string }[];
  return {
    fence: record.fence,
    runId: run.runId,
    attempt: run.attempt,
    next: record.next,
    head: headOf(record),
    journal: Object.fromEntries(rows.map(({ name, result }) => [name, result])),
    turns: run.turns,
    reset: run.reset,
  };
}
