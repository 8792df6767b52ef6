import { compareCursors, parseCursor } from '#shared/cursor.ts';
import type { SealInput } from '../../session-store.ts';
import { headOf } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

export function seal(sessions: SessionRepository, statements: Statements, sessionId: string, input: SealInput): 'ok' | 'stale' {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return 'stale';
  const { record } = found;
  // Finished runs alone are sealed.
  const end = record.run ? record.run.before : headOf(record);
  const { from, to } = input;
  if (from !== record.sealedTo || compareCursors(to, from) <= 0 || compareCursors(to, end) > 0) return 'stale';

  statements.writeTranscript.run(record.key, input.transcript);
  // Nothing is dropped that the transcript does not hold.
  const trim = parseCursor(compareCursors(input.trimTo, to) > 0 ? to : input.trimTo);
  if (trim) statements.trimLog.run(record.key, trim.fence, trim.seq);
  sessions.save(sessionId, { ...record, sealedTo: to, transcriptBytes: Buffer.byteLength(input.transcript) });
  return 'ok';
}
