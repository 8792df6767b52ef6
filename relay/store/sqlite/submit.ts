import type { SubmitAnswer, SubmitInput } from '../session-store.ts';
import { createRecord, headOf } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** Stands for a session that was never written, in the checks: no row has this key. */
const UNWRITTEN = createRecord(-1);

/** See `SessionStore.submit`. */
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
    return known.hash === input.hash
      ? { kind: 'same', cursor: known.cursor, runId: known.run_id }
      : { kind: 'mismatch' };
  }
  // The assistant's message has its run's id, and a message id must be unique in its conversation.
  if (statements.findReply.get(record.key, input.messageId)) return { kind: 'mismatch' };
  if (record.run) return { kind: 'active', runId: record.run.runId };
  if (record.transcriptBytes >= maxTranscriptBytes) return { kind: 'full' };
  const before = headOf(record);
  if (input.expect !== undefined && input.expect !== before) return { kind: 'moved' };
  if (input.dryRun) return { kind: 'ok', cursor: before };

  const written = found.kind === 'open' ? record : sessions.create(sessionId);
  const now = sessions.now();
  const opened = sessions.open(sessionId, written, sessions.nextFence(written, now), input.entries);
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
  statements.insertPrompt.run(written.key, input.messageId, input.hash, input.runId, before);
  return { kind: 'ok', cursor: before };
}
