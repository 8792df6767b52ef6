import type { Tone } from './describe.ts';
import type { Lane } from './lanes.ts';

/** One row of the log view: adjacent entries of one fence, or a remark between them. */
export type Row = EntryRow | RemarkRow;

interface AnyRow {
  /** Counts up. */
  id: number;
  /** Counts the changes of this row. */
  version: number;
  /** The cursor when this was added; null before the log's first entry. */
  lane: Lane | null;
}

/** A row of entries. */
export interface EntryRow extends AnyRow {
  kind: 'entry';
  lane: Lane;
  /** The lane before this one, on the first entry of a new fence. */
  former: Lane | null;
  /** Its `prev`, shortened, where it has one. */
  prev: string | null;
  first: number;
  last: number;
  label: string;
  text: string;
  /** The relay had merged them into one frame. */
  merged: boolean;
  /** A transcript, in place of entries. */
  isSnapshot: boolean;
}

/** A row with a remark. */
export interface RemarkRow extends AnyRow {
  kind: 'remark';
  tone: Tone;
  text: string;
}

/** Most rows kept. */
export const MAX_ROWS = 120;
/** UTF-16 units of text in a row of live deltas. */
const ROW_TEXT = 36;
/** Rows of live deltas that stay apart; older adjacent ones are folded into one, so that turns stay in sight. */
const LIVE_ROWS = 5;
/** UTF-16 units kept of each end of a folded text. */
const KEPT_TEXT = 40;

type New<R extends Row> = Omit<R, 'id' | 'version' | 'kind'>;

/** The rows of the log view. */
export interface Rows {
  readonly all: readonly Row[];
  /** How many rows were dropped from the front. */
  readonly dropped: number;
  addEntry(entry: New<EntryRow>): void;
  addRemark(remark: New<RemarkRow>): void;
  clear(): void;
}

/** Creates an empty list of rows. */
export function createRows(): Rows {
  const all: Row[] = [];
  let nextId = 0;
  let dropped = 0;

  function add(row: Row): void {
    all.push(row);
    nextId += 1;
    if (all.length <= MAX_ROWS) return;
    all.shift();
    dropped += 1;
  }

  /** Deltas that come one by one share a row until it is full. */
  function extend(entry: New<EntryRow>): boolean {
    const open = all.at(-1);
    if (open?.kind !== 'entry' || open.lane !== entry.lane || open.label !== entry.label) return false;
    if (!entry.label.endsWith('-delta') || open.merged || entry.merged || open.last + 1 !== entry.first) return false;
    if (open.text.length + entry.text.length > ROW_TEXT) return false;
    open.last = entry.last;
    open.text += entry.text;
    open.version += 1;
    return true;
  }

  /** Folds the rows of deltas before the newest ones into the first of them. */
  function fold(): void {
    const newest = all.at(-1);
    if (!newest) return;
    let start = all.length - 1;
    while (start > 0 && isNeighbour(all[start - 1], newest)) start -= 1;
    const [first, second] = all.slice(start, start + 2);
    if (all.length - start <= LIVE_ROWS || first?.kind !== 'entry' || second?.kind !== 'entry') return;
    first.last = second.last;
    first.text = clip(first.text + second.text);
    first.version += 1;
    all.splice(start + 1, 1);
  }

  return {
    all,
    get dropped() {
      return dropped;
    },
    addEntry(entry) {
      if (extend(entry)) return;
      add({ ...entry, kind: 'entry', id: nextId, version: 0 });
      fold();
    },
    addRemark(remark) {
      add({ ...remark, kind: 'remark', id: nextId, version: 0 });
    },
    clear() {
      all.length = 0;
      dropped = 0;
    },
  };
}

/** Whether two rows are live deltas of one part, one after the other. */
function isNeighbour(row: Row | undefined, next: Row): boolean {
  if (row?.kind !== 'entry' || next.kind !== 'entry' || !row.label.endsWith('-delta')) return false;
  return row.lane === next.lane && row.label === next.label && !row.merged && !next.merged;
}

function clip(text: string): string {
  return text.length > 3 * KEPT_TEXT ? `${text.slice(0, KEPT_TEXT)} … ${text.slice(-KEPT_TEXT)}` : text;
}
