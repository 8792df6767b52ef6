import { follows, formatCursor, parseCursor, type Cursor } from '#shared/cursor.ts';
import type { HeadAnswer, LogEntry, ReadAnswer, ReadInput } from '../../session-store.ts';
import { activeRunOf, headOf, type SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import type { EntryRow, Statements } from './statements.ts';

/** Nothing is written between its statements, as they run in one go on the only connection: they see one state. */
export function read(sessions: SessionRepository, statements: Statements, sessionId: string, input: ReadInput): ReadAnswer {
  const found = sessions.peek(sessionId);
  if (found.kind === 'gone') return { kind: 'gone' };
  if (found.kind === 'none') return { kind: 'empty' };
  const { record } = found;
  const view = { head: headOf(record), run: activeRunOf(record) };

  if (input.after !== undefined) {
    const entries = entriesAfter(statements, record, input.after, input.limit);
    const first = entries[0];
    if (first ? follows(input.after, first) : input.after === view.head) return { kind: 'exact', entries, ...view };
  }
  const cursor = record.sealedTo;
  const entries = entriesAfter(statements, record, cursor, input.limit);
  const messages = statements.readTranscript.get(record.key)?.['messages'];
  return { kind: 'snapshot', transcript: typeof messages === 'string' ? messages : '[]', cursor, entries, ...view };
}

export function head(sessions: SessionRepository, sessionId: string): HeadAnswer {
  const found = sessions.peek(sessionId);
  if (found.kind === 'gone') return { kind: 'gone' };
  if (found.kind === 'none') return { kind: 'empty' };
  return { kind: 'open', head: headOf(found.record), run: activeRunOf(found.record) };
}

function entriesAfter(statements: Statements, record: SessionRecord, after: Cursor, limit: number): LogEntry[] {
  const at = parseCursor(after);
  if (!at) throw new TypeError('after must be a cursor');
  const rows = statements.readEntries.all(record.key, at.fence, at.seq, limit) as unknown as EntryRow[];
  return rows.map(([fence, seq, prev, data]) => {
    const id = formatCursor(fence, seq);
    return prev === null ? { id, data } : { id, prev, data };
  });
}
