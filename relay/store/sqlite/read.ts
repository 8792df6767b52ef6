import { follows, parseCursor, type Cursor } from '#shared/cursor.ts';
import { MERGED_READ_LENGTH } from '../port-rules.ts';
import type { Feedback, HeadAnswer, LogEntry, ReadAnswer, ReadInput } from '../session-store.ts';
import { activeRunOf, headOf, type SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import { entriesOfPage, type PageRow } from '../entries/log-pages.ts';
import type { Statements } from './statements.ts';
import type { Tail } from './write-buffer.ts';

/** Nothing is written between its statements, as they run in one go on the only connection: they see one state. */
export function read(
  sessions: SessionRepository,
  statements: Statements,
  tail: Tail,
  sessionId: string,
  input: ReadInput,
): ReadAnswer {
  const found = sessions.peek(sessionId);
  if (found.kind === 'gone') return { kind: 'gone' };
  if (found.kind === 'none') return { kind: 'empty' };
  const { record } = found;
  const view = { head: headOf(record), run: activeRunOf(record) };
  const entriesAfter = (after: Cursor) => readEntries(statements, tail, record, after, input);

  if (input.after !== undefined) {
    const entries = entriesAfter(input.after);
    const first = entries[0];
    if (first ? follows(input.after, first) : input.after === view.head) return { kind: 'exact', entries, ...view };
  }
  const cursor = record.sealedTo;
  const entries = entriesAfter(cursor);
  const messages = statements.readTranscript.get(record.key)?.['messages'];
  const transcript = typeof messages === 'string' ? messages : '[]';
  return { kind: 'snapshot', transcript, feedback: readFeedback(statements, record), cursor, entries, ...view };
}

export function head(sessions: SessionRepository, sessionId: string): HeadAnswer {
  const found = sessions.peek(sessionId);
  if (found.kind === 'gone') return { kind: 'gone' };
  if (found.kind === 'none') return { kind: 'empty' };
  return { kind: 'open', head: headOf(found.record), run: activeRunOf(found.record), revoked: found.record.revoked };
}

function readFeedback(statements: Statements, record: SessionRecord): Feedback {
  const rows = statements.readFeedback.all(record.key) as unknown as { message_id: string; data: string }[];
  return Object.fromEntries(rows.map(({ message_id, data }) => [message_id, data]));
}

/** What lies in the tail always comes after what lies in the log. */
function readEntries(
  statements: Statements,
  tail: Tail,
  record: SessionRecord,
  after: Cursor,
  { limit, merged = false }: ReadInput,
): LogEntry[] {
  const at = parseCursor(after);
  if (!at) throw new TypeError('after must be a cursor');
  const statement = merged ? statements.readMergedLog : statements.readLog;
  const entries: LogEntry[] = [];
  let room = limit;
  let length = 0;
  let { fence, seq } = at;
  for (;;) {
    const upTo = seq + room;
    const rows = statement.all(record.key, fence, seq, upTo, MAX_ROWS) as unknown as PageRow[];
    for (const row of rows) {
      const [last, , , , data] = row;
      if (merged && entries.length > 0 && (last > upTo || length >= MERGED_READ_LENGTH)) return entries;
      entries.push(...entriesOfPage(fence, row, seq, upTo, merged));
      // Without gaps: what was read reaches from there to the last of it.
      room -= Math.min(last, upTo) - seq;
      seq = Math.min(last, upTo);
      length += data.length;
    }
    if (room === 0) break;
    if (rows.length === MAX_ROWS) continue;
    const next = statements.findNextFence.get(record.key, fence)?.['fence'];
    if (typeof next !== 'number') break;
    fence = next;
    seq = -1;
  }
  return entries.concat(tail.read(record, at, room));
}

/** Of one query: what is read of them and not needed is read again. */
const MAX_ROWS = 512;
