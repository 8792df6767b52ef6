import { compareCursors, parseCursor, type Cursor } from '#shared/cursor.ts';
import type { SealInput } from '../session-store.ts';
import { entriesAfter } from './buffered-entries.ts';
import { headOf, type SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** See `SessionStore.seal`. */
export function seal(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  input: SealInput,
): 'ok' | 'stale' {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return 'stale';
  const { record } = found;
  // Only finished runs are sealed.
  const end = record.run ? record.run.before : headOf(record);
  const { from, to } = input;
  if (from !== record.sealedTo || compareCursors(to, from) <= 0 || compareCursors(to, end) > 0) return 'stale';
  if (!reaches(statements, record, to)) return 'stale';

  statements.writeTranscript.run(record.key, input.transcript);
  // Nothing is dropped that is not in the transcript.
  const trim = parseCursor(compareCursors(input.trimTo, to) > 0 ? to : input.trimTo);
  if (trim) statements.trimLog.run(record.key, trim.fence, trim.seq);
  sessions.save(sessionId, { ...record, sealedTo: to, transcriptBytes: Buffer.byteLength(input.transcript) });
  return 'ok';
}

/** Does the log, or the write buffer, have an entry of the cursor's fence at the cursor or after it? */
function reaches(statements: Statements, { key, buffered }: SessionRecord, cursor: Cursor): boolean {
  const place = parseCursor(cursor);
  if (!place) return false;
  const { fence, seq } = place;
  const last = statements.findLastSeq.get(key, fence)?.['seq'];
  if (typeof last === 'number' && last >= seq) return true;
  const [next] = buffered ? entriesAfter(buffered, { fence, seq: seq - 1 }, 1) : [];
  return next !== undefined && parseCursor(next.id)?.fence === fence;
}
