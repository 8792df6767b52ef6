import { follows, parseCursor, type Cursor } from '#shared/cursor.ts';
import { MERGED_READ_LENGTH } from '../port-rules.ts';
import type { Feedback, HeadAnswer, LogEntry, ReadAnswer, ReadInput } from '../session-store.ts';
import { activeRunOf, headOf, type SessionRecord } from './session-record.ts';
import type { SessionRepository } from './session-repository.ts';
import { entriesOfPage, type PageRow } from '../entries/log-pages.ts';
import type { Statements } from './statements.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** See `SessionStore.read`. One view: the statements run in one go on the only connection, so nothing is written between. */
export function read(
  sessions: SessionRepository,
  statements: Statements,
  buffer: WriteBuffer,
  sessionId: string,
  input: ReadInput,
): ReadAnswer {
  const found = sessions.peek(sessionId);
  if (found.kind === 'gone') return { kind: 'gone' };
  if (found.kind === 'none') return { kind: 'empty' };
  const { record } = found;
  const view = { head: headOf(record), run: activeRunOf(record) };
  const entriesAfter = (after: Cursor) => readEntries(statements, buffer, record, after, input);

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

/** See `SessionStore.head`. */
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

/** The entries after a cursor: first those of the log, then those of the write buffer, which are always newer. */
function readEntries(
  statements: Statements,
  buffer: WriteBuffer,
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
      // seq has no gaps, so the entries of this page are those up to its last.
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
  return entries.concat(buffer.read(record, at, room));
}

/** Rows of one query. Those that turn out not to be needed are read again by the next read. */
const MAX_ROWS = 512;
