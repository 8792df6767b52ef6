/**
 * A place in a session's log: `<fence>-<seq>`. It is the id of the entry at that place, the SSE `id:`, and a legal Redis
 * stream id. Two decimal numbers without leading zeros, each at most 2^53 − 1.
 */
export type Cursor = string;

/** The two numbers of a cursor. Cursors are ordered by fence, then by seq. */
export interface CursorParts {
  fence: number;
  seq: number;
}

/** The place before every entry. */
export const START: Cursor = '0-0';

const PATTERN = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/;

/** The two numbers of a cursor; null when the text is not a cursor. */
export function parseCursor(text: string): CursorParts | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const fence = Number(match[1]);
  const seq = Number(match[2]);
  return Number.isSafeInteger(fence) && Number.isSafeInteger(seq) ? { fence, seq } : null;
}

/** The cursor with these two numbers. */
export function formatCursor(fence: number, seq: number): Cursor {
  return `${fence}-${seq}`;
}

/**
 * Negative when `a` lies before `b`, 0 when they are the same place.
 *
 * @throws TypeError when one of them is not a cursor.
 */
export function compareCursors(a: Cursor, b: Cursor): number {
  const [x, y] = [mustParse(a), mustParse(b)];
  return x.fence - y.fence || x.seq - y.seq;
}

/** The place of a frame in the log. */
export interface FramePosition {
  /** Its last entry. */
  id: Cursor;
  /** Its first entry, when it was merged from several. */
  from?: Cursor | undefined;
  /** The entry before it, when it begins a fence (seq 0). */
  prev?: Cursor | undefined;
}

/**
 * Whether this frame comes right after `cursor`, with nothing in between.
 *
 * Within a fence entries are numbered without gaps. Where a fence begins, the entry with seq 0 names the cursor before
 * it. Otherwise something was missed, or the log has another history.
 *
 * @throws TypeError when the frame or `cursor` is not placed by cursors.
 */
export function follows(cursor: Cursor, frame: FramePosition): boolean {
  const first = mustParse(frame.from ?? frame.id);
  if (first.seq === 0) return frame.prev === cursor;
  const at = mustParse(cursor);
  return first.fence === at.fence && first.seq === at.seq + 1;
}

function mustParse(text: Cursor): CursorParts {
  const parts = parseCursor(text);
  if (!parts) throw new TypeError(`not a cursor: ${JSON.stringify(text)}`);
  return parts;
}
