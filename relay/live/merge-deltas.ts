import type { Cursor } from '#shared/cursor.ts';
import type { LogEntry } from '../store/session-store.ts';

/** A frame on its way to viewers: `data` is the JSON text without `prev` and `from`, which the frame encoder adds. */
export interface WireFrame {
  id: Cursor;
  /** Of merged entries: the id of the first. */
  from?: Cursor;
  prev?: Cursor;
  data: string;
}

/**
 * Characters (UTF-16 units) of JSON text in one merged frame, so that a replay stays in pieces that a socket can
 * pace and a viewer can draw one by one.
 */
export const MAX_MERGED_LENGTH = 65_536;

const TEXT_END = '"}}';

/**
 * Entries as frames, in order, with adjacent `text-delta`s (or `reasoning-delta`s) of one part and one fence merged
 * into one frame. Merges the texts without parsing them, in linear time, and only deltas in exactly the form that
 * `encodeMessage` writes: anything else stays as it is. An emoji that was split over two deltas comes out whole,
 * since a lone half is written as an escape (`\ud83d`) and two escapes in a row are a pair again.
 */
export function mergeDeltas(entries: readonly LogEntry[]): WireFrame[] {
  const frames: WireFrame[] = [];
  let open: OpenMerge | null = null;

  for (const entry of entries) {
    if (open && continues(open, entry)) {
      open.pieces.push(entry.data.slice(open.head.length, -TEXT_END.length));
      open.length += entry.data.length - open.head.length;
      open.last = entry.id;
      open.seq += 1;
      continue;
    }
    if (open) frames.push(closeMerge(open));
    open = openMerge(entry);
    if (!open) frames.push(toWireFrame(entry));
  }
  if (open) frames.push(closeMerge(open));
  return frames;
}

interface OpenMerge {
  first: LogEntry;
  last: Cursor;
  /** `<fence>-`, and the seq of the last entry. */
  fence: string;
  seq: number;
  /** The JSON text before the delta's text, with its opening quotation mark. */
  head: string;
  pieces: string[];
  length: number;
}

function openMerge(entry: LogEntry): OpenMerge | null {
  const head = entry.prev === undefined ? deltaHead(entry.data) : null;
  if (head === null) return null;
  const fence = entry.id.slice(0, entry.id.indexOf('-') + 1);
  return {
    first: entry,
    last: entry.id,
    fence,
    seq: readSeq(entry.id, fence.length),
    head,
    pieces: [entry.data.slice(head.length, -TEXT_END.length)],
    length: entry.data.length,
  };
}

function continues(open: OpenMerge, { id, prev, data }: LogEntry): boolean {
  return (
    prev === undefined &&
    // On texts of this length `startsWith` takes five times as long in V8 as comparing a slice.
    data.slice(0, open.head.length) === open.head &&
    id.startsWith(open.fence) &&
    readSeq(id, open.fence.length) === open.seq + 1 &&
    open.length + data.length - open.head.length <= MAX_MERGED_LENGTH &&
    endsWithText(data, open.head.length)
  );
}

function closeMerge({ first, last, head, pieces }: OpenMerge): WireFrame {
  if (pieces.length === 1) return toWireFrame(first);
  return { id: last, from: first.id, data: head + pieces.join('') + TEXT_END };
}

/** The decimal digits from `start` on as a number, without a piece of text in between. */
function readSeq(id: Cursor, start: number): number {
  let seq = 0;
  for (let i = start; i < id.length; i += 1) seq = seq * 10 + id.charCodeAt(i) - 48;
  return seq;
}

function toWireFrame({ id, prev, data }: LogEntry): WireFrame {
  return prev === undefined ? { id, data } : { id, prev, data };
}

const RUN_HEAD = '{"type":"chunk","runId":"';
const CHUNK_HEADS = [',"chunk":{"type":"text-delta","id":"', ',"chunk":{"type":"reasoning-delta","id":"'];
const DELTA_HEAD = ',"delta":"';

/** What comes before the delta's text, if this is a delta in the exact form and nothing but its text follows. */
function deltaHead(data: string): string | null {
  if (!data.startsWith(RUN_HEAD)) return null;
  const afterRun = stringEnd(data, RUN_HEAD.length) + 1;
  const chunkHead = CHUNK_HEADS.find((head) => data.startsWith(head, afterRun));
  if (chunkHead === undefined) return null;
  const afterId = stringEnd(data, afterRun + chunkHead.length) + 1;
  if (!data.startsWith(DELTA_HEAD, afterId)) return null;
  const textStart = afterId + DELTA_HEAD.length;
  return endsWithText(data, textStart) ? data.slice(0, textStart) : null;
}

/** Is the string whose text starts at `start` the last thing in a delta's JSON? */
function endsWithText(data: string, start: number): boolean {
  const end = stringEnd(data, start);
  return end === data.length - TEXT_END.length && data.endsWith(TEXT_END);
}

/** Where the string whose text starts at `start` has its closing quotation mark. */
function stringEnd(data: string, start: number): number {
  let end = data.indexOf('"', start);
  while (end !== -1) {
    let before = end;
    while (before > start && data.charAt(before - 1) === '\\') before -= 1;
    // An odd number of backslashes escapes the mark.
    if ((end - before) % 2 === 0) return end;
    end = data.indexOf('"', end + 1);
  }
  return -1;
}
