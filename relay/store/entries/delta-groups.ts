import type { Cursor } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';

/** Adjacent deltas of one part and one fence: their common beginning, and the text of each. */
export interface DeltaGroup {
  readonly first: LogEntry;
  /** The id of the last. */
  last: Cursor;
  /** JSON before a delta's text, up to and including its opening quotation mark; `TEXT_END` comes after the text. */
  readonly head: string;
  /** The texts, escaped as in JSON. */
  readonly pieces: string[];
  /** Length as one merged delta, in UTF-16 units. */
  length: number;
  /** `<fence>-`: the first part of the cursors. */
  readonly fence: string;
  /** seq of the last entry. */
  seq: number;
}

/** JSON after the text of a delta, in the exact form that `encodeMessage` writes. */
export const TEXT_END = '"}}';

/**
 * Groups adjacent `text-delta`s (or `reasoning-delta`s) of one part and one fence; order is kept. Works on the JSON texts
 * in linear time, without parsing them. Only deltas in exactly the form that `encodeMessage` writes are grouped.
 *
 * @param maxLength of a group as one delta, in UTF-16 units.
 */
export function groupDeltas(entries: readonly LogEntry[], maxLength: number): (LogEntry | DeltaGroup)[] {
  const groups: (LogEntry | DeltaGroup)[] = [];
  let open: DeltaGroup | null = null;
  for (const entry of entries) {
    if (open && continues(open, entry, maxLength)) {
      open.pieces.push(entry.data.slice(open.head.length, -TEXT_END.length));
      open.length += entry.data.length - open.head.length;
      open.last = entry.id;
      open.seq = readSeq(entry.id, open.fence.length);
      continue;
    }
    open = openGroup(entry);
    groups.push(open ?? entry);
  }
  return groups;
}

/** The id of the first entry that a merged entry was merged from; the entry's own id if it was not merged. */
export function firstId({ from, id }: Pick<LogEntry, 'from' | 'id'>): Cursor {
  return from ?? id;
}

/** How many entries a merged entry was merged from (`count`), and the characters that each of them had in common (`shared`). */
export function beforeMerging(entry: LogEntry): { count: number; shared: number } {
  const group = entry.from === undefined ? null : openGroup(entry);
  if (!group) return { count: 1, shared: 0 };
  return {
    count: group.seq - readSeq(firstId(entry), group.fence.length) + 1,
    shared: group.head.length + TEXT_END.length,
  };
}

function openGroup(entry: LogEntry): DeltaGroup | null {
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

function continues(open: DeltaGroup, entry: LogEntry, maxLength: number): boolean {
  const { prev, data } = entry;
  const start = firstId(entry);
  return (
    prev === undefined &&
    // In V8 `startsWith` takes five times as long as comparing a slice, on texts of this length.
    data.slice(0, open.head.length) === open.head &&
    start.startsWith(open.fence) &&
    readSeq(start, open.fence.length) === open.seq + 1 &&
    open.length + data.length - open.head.length <= maxLength &&
    endsWithText(data, open.head.length)
  );
}

/** The digits from `start` on as a number, without allocating a substring. */
function readSeq(id: Cursor, start: number): number {
  let seq = 0;
  for (let i = start; i < id.length; i += 1) seq = seq * 10 + id.charCodeAt(i) - 48;
  return seq;
}

const RUN_HEAD = '{"type":"chunk","runId":"';
const CHUNK_HEADS = [',"chunk":{"type":"text-delta","id":"', ',"chunk":{"type":"reasoning-delta","id":"'];
const DELTA_HEAD = ',"delta":"';

/** JSON before the delta's text, if this is a delta in the exact form; null for anything else. */
export function deltaHead(data: string): string | null {
  if (!data.startsWith(RUN_HEAD)) return null;
  const afterRun = stringEnd(data, RUN_HEAD.length) + 1;
  const chunkHead = CHUNK_HEADS.find((head) => data.startsWith(head, afterRun));
  if (chunkHead === undefined) return null;
  const afterId = stringEnd(data, afterRun + chunkHead.length) + 1;
  if (!data.startsWith(DELTA_HEAD, afterId)) return null;
  const textStart = afterId + DELTA_HEAD.length;
  return endsWithText(data, textStart) ? data.slice(0, textStart) : null;
}

/** Is the JSON string whose text starts at `start` the last thing in a delta's JSON? */
export function endsWithText(data: string, start: number): boolean {
  const end = stringEnd(data, start);
  return end === data.length - TEXT_END.length && data.endsWith(TEXT_END);
}

/** Index of the closing quotation mark of the JSON string whose text starts at `start`; -1 when there is none. */
function stringEnd(data: string, start: number): number {
  let end = data.indexOf('"', start);
  while (end !== -1) {
    let before = end;
    while (before > start && data.charAt(before - 1) === '\\') before -= 1;
    // An odd number of backslashes escapes the quotation mark.
    if ((end - before) % 2 === 0) return end;
    end = data.indexOf('"', end + 1);
  }
  return -1;
}
