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

/** The two numbers of a cursor, or null when the text is none. */
export function parseCursor(text: string): CursorParts | null {
  const dash = text.indexOf('-');
  const fence = readNumber(text, 0, dash);
  const seq = readNumber(text, dash + 1, text.length);
  return fence === null || seq === null ? null : { fence, seq };
}

/** Digit by digit: cursors are read several times for each token, and a pattern takes three times as long. */
function readNumber(text: string, start: number, end: number): number | null {
  if (end <= start || end - start > 16 || (text.charCodeAt(start) === ZERO && end - start > 1)) return null;
  let number = 0;
  for (let index = start; index < end; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return null;
    number = number * 10 + digit;
  }
  return Number.isSafeInteger(number) ? number : null;
}

const ZERO = 48;

export function formatCursor(fence: number, seq: number): Cursor {
  return `${fence}-${seq}`;
}

/** Negative when `a` lies before `b`, 0 when they are the same place. Both must be cursors. */
export function compareCursors(a: Cursor, b: Cursor): number {
  const x = mustParse(a);
  const y = mustParse(b);
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
