import { formatCursor } from '#shared/cursor.ts';
import type { SubmitAnswer, SubmitInput } from '../../session-store.ts';
import { headOf, raiseFence, type SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** A session of which nothing was written yet, for the checks: no row has this key. */
const UNWRITTEN: SessionRecord = {
  key: -1,
  fence: 0,
  next: 0,
  run: null,
  ended: null,
  sealedTo: formatCursor(0, 0),
  transcriptBytes: 0,
  expiresAt: null,
};

export function submit(
  sessions: SessionRepository,
  statements: Statements,
  maxTranscriptBytes: number,
  sessionId: string,
  input: SubmitInput,
): SubmitAnswer {
  const found = sessions.find(sessionId);
  if (found.kind === 'gone') return { kind: 'gone' };
  const record = found.kind === 'open' ? found.record : UNWRITTEN;

  const known = statements.findPrompt.get(record.key, input.messageId) as
    | { hash: string; run_id: string; cursor: string }
    | undefined;
  if (known) {
    return known.hash === input.hash ? { kind: 'same', cursor: known.cursor, runId: known.run_id } : { kind: 'mismatch' };
  }
  if (record.run) return { kind: 'active', runId: record.run.runId };
  if (record.transcriptBytes >= maxTranscriptBytes) return { kind: 'full' };
  const before = headOf(record);
  if (input.expect !== undefined && input.expect !== before) return { kind: 'moved' };
  if (input.dryRun) return { kind: 'ok', cursor: before };

  const { key } = found.kind === 'open' ? found.record : sessions.create(sessionId);
  const now = sessions.now();
  const opened = sessions.open(sessionId, { ...record, key }, raiseFence(record, now, input.random), input.entries);
  sessions.save(sessionId, {
    ...opened,
    ended: null,
    run: {
      runId: input.runId,
      before,
      status: 'queued',
      attempt: 1,
      holder: 'nobody',
      handOvers: 0,
      turns: 0,
      dueAt: now,
      owner: '',
      token: '',
      reset: true,
    },
  });
  statements.insertPrompt.run(key, input.messageId, input.hash, input.runId, before);
  return { kind: 'ok', cursor: before };
}
