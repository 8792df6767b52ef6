/**
 * A place in a session's log: `<fence>-<seq>`, which is also the id of the entry at that place, the SSE `id:`
 * and a legal Redis stream id. Two decimal numbers without leading zeros, each at most 2^53 − 1.
 */
export type Cursor = string;

export interface CursorParts {
  fence: number;
  seq: number;
}

/** Lies before every entry. */
export const START: Cursor = '0-0';

const PATTERN = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/;

/** The two numbers of a cursor, or null when the text is none. */
export function parseCursor(text: string): CursorParts | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const fence = Number(match[1]);
  const seq = Number(match[2]);
  return Number.isSafeInteger(fence) && Number.isSafeInteger(seq) ? { fence, seq } : null;
}

export function formatCursor(fence: number, seq: number): Cursor {
  return `${fence}-${seq}`;
}

/** Negative when `a` lies before `b`, 0 when they are the same place. Both must be cursors. */
export function compareCursors(a: Cursor, b: Cursor): number {
  const [x, y] = [mustParse(a), mustParse(b)];
  return x.fence - y.fence || x.seq - y.seq;
}

/** What of a frame says where it stands: its id, the first id it was merged from, and what came before a new fence. */
export interface FramePosition {
  id: Cursor;
  from?: Cursor | undefined;
  prev?: Cursor | undefined;
}

/**
 * Does this frame come right after `cursor`, with nothing missed in between?
 *
 * Within a fence entries are numbered without gaps; where the fence jumps, the entry with seq 0 names the cursor
 * it comes after. Anything else means that something was missed, or that the log has another history.
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
