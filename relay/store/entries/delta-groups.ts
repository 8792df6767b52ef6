import type { Cursor } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';

/** Adjacent deltas of one part and one fence, nothing between them: what they have in common, and the text of each. */
export interface DeltaGroup {
  readonly first: LogEntry;
  /** The id of the last. */
  last: Cursor;
  /** The JSON text before a delta's text, with its opening quotation mark; `TEXT_END` comes after it. */
  readonly head: string;
  /** As they stand in JSON. */
  readonly pieces: string[];
  /** Of all of it as one delta, in UTF-16 units. */
  length: number;
  /** `<fence>-`, and the seq of the last entry. */
  readonly fence: string;
  seq: number;
}

/** What comes after the text of a delta in the exact form that `encodeMessage` writes. */
export const TEXT_END = '"}}';

/**
 * Entries in order, with adjacent `text-delta`s (or `reasoning-delta`s) of one part and one fence together, up to
 * `maxLength` of text. Takes the texts without parsing them, in linear time, and only deltas in exactly the form that
 * `encodeMessage` writes: anything else stands alone.
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

/** Entries that were merged say the first id they were merged from. */
export function firstId({ from, id }: Pick<LogEntry, 'from' | 'id'>): Cursor {
  return from ?? id;
}

/** What a merged entry was before: so many entries, each of which had so many characters that it has once. */
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
    // On texts of this length `startsWith` takes five times as long in V8 as comparing a slice.
    data.slice(0, open.head.length) === open.head &&
    start.startsWith(open.fence) &&
    readSeq(start, open.fence.length) === open.seq + 1 &&
    open.length + data.length - open.head.length <= maxLength &&
    endsWithText(data, open.head.length)
  );
}

/** The decimal digits from `start` on as a number, without a piece of text in between. */
function readSeq(id: Cursor, start: number): number {
  let seq = 0;
  for (let i = start; i < id.length; i += 1) seq = seq * 10 + id.charCodeAt(i) - 48;
  return seq;
}

const RUN_HEAD = '{"type":"chunk","runId":"';
const CHUNK_HEADS = [',"chunk":{"type":"text-delta","id":"', ',"chunk":{"type":"reasoning-delta","id":"'];
const DELTA_HEAD = ',"delta":"';

/** What comes before the delta's text, if this is a delta in the exact form and nothing but its text follows. */
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

/** Is the string whose text starts at `start` the last thing in a delta's JSON? */
export function endsWithText(data: string, start: number): boolean {
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
