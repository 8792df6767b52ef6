import { follows, parseCursor, START, type Cursor } from '#shared/cursor.ts';
import { isTerminal, type TerminalStatus } from '#shared/protocol.ts';
import type { IncomingFrame } from '#widget/session/read-events.ts';
import type { LineObserver } from '../watch-stream.ts';
import { describe, explain, type Remark } from './describe.ts';
import { createLanes, type Lane, type Lanes } from './lanes.ts';
import { createRows, type Row } from './rows.ts';

/** Something that happened, for measuring. `at` is `performance.now()`, `claimedAt` the store's clock. */
export type Moment =
  | { kind: 'broke'; at: number; cursor: Cursor }
  | { kind: 'caught-up'; at: number; after: Cursor | null; entries: number; frames: number }
  | { kind: 'took-over'; at: number; from: Lane | null; to: Lane; attempt: number; claimedAt: number | null }
  | { kind: 'text'; at: number; cursor: Cursor }
  | { kind: 'ended'; at: number; status: TerminalStatus; cursor: Cursor };

/** How the page broke the connection. */
export type BreakCause = 'cut' | 'kill';

/** What this page has seen of one session's log, taken from the frames that its own connections brought. */
export interface LogRecord extends LineObserver {
  readonly sessionId: string | null;
  readonly lanes: Lanes;
  readonly rows: readonly Row[];
  readonly droppedRows: number;
  /** The newest entry that has come. */
  readonly cursor: Cursor;
  readonly isOpen: boolean;
  /** Connections that the relay has accepted. */
  readonly connections: number;
  /** Entries that came, were left out, and came twice, by the rule in shared/cursor.ts. */
  readonly counts: Readonly<Counts>;
  /** Says that this page itself is about to break the connection. */
  expectBreak(cause: BreakCause): void;
  remark(remark: Remark): void;
}

/** Numbers of entries. */
export interface Counts {
  entries: number;
  frames: number;
  lost: number;
  doubled: number;
}

interface RecordOptions {
  /** Something has changed. */
  onChange(): void;
  onMoment(moment: Moment): void;
  clock?: () => number;
}

const CAUSES: Record<BreakCause, string> = {
  cut: 'The network was cut here.',
  kill: 'The relay died here (kill -9).',
};

/** Creates an empty record. `clock` in ms. */
export function createLogRecord({ onChange, onMoment, clock = () => performance.now() }: RecordOptions): LogRecord {
  const rows = createRows();
  let lanes = createLanes();
  let sessionId: string | null = null;
  let cursor: Cursor = START;
  let lane: Lane | null = null;
  let isOpen = false;
  let connections = 0;
  let counts: Counts = { entries: 0, frames: 0, lost: 0, doubled: 0 };
  let cause: BreakCause | null = null;
  /** What the current connection has brought while it catches up; null once it has. */
  let replay: { after: Cursor | null; entries: number; frames: number } | null = null;

  function begin(id: string): void {
    rows.clear();
    lanes = createLanes();
    sessionId = id;
    cursor = START;
    lane = null;
    connections = 0;
    counts = { entries: 0, frames: 0, lost: 0, doubled: 0 };
  }

  function remark(said: Remark): void {
    rows.addRemark({ ...said, lane });
    onChange();
  }

  /** Compares a frame's place with that of the frames before it, as a client must. */
  function count(frame: IncomingFrame, to: Lane, first: number, last: number): void {
    const again = Math.max(0, Math.min(last, to.last) - first + 1);
    counts.doubled += again;
    counts.entries += last - first + 1 - again;
    counts.frames += 1;
    to.received += last - first + 1 - again;
    if (again === 0 && !follows(cursor, frame)) counts.lost += missing(cursor, frame.prev, first, to);
    to.last = Math.max(to.last, last);
    if (replay) {
      replay.entries += last - first + 1;
      replay.frames += 1;
    }
  }

  function take(frame: IncomingFrame): void {
    const { id, from, prev, message } = frame;
    const end = parseCursor(id);
    const start = parseCursor(from ?? id);
    if (!end || !start) return;
    const isSnapshot = message?.type === 'snapshot';
    if (isSnapshot && id === START) return;
    const to = lanes.enter(end.fence);
    const former = lane === to || isSnapshot ? null : lane;
    if (isSnapshot) to.last = Math.max(to.last, end.seq);
    else count(frame, to, start.seq, end.seq);

    const { label, text } = describe(message);
    if (start.seq === 0 && !isSnapshot) to.opening = label;
    cursor = id;
    lane = to;
    rows.addEntry({
      lane: to,
      former,
      prev: prev === undefined ? null : lanes.shorten(prev),
      first: start.seq,
      last: end.seq,
      label,
      text,
      merged: from !== undefined,
      isSnapshot,
    });
    const said = explain(message, to.number, former?.number ?? null);
    if (said) rows.addRemark({ ...said, lane: to });
    tell(frame, to, former);
  }

  function tell({ id, message }: IncomingFrame, to: Lane, from: Lane | null): void {
    const at = clock();
    if (message?.type === 'chunk' && message.chunk.type === 'text-delta') onMoment({ kind: 'text', at, cursor: id });
    if (message?.type !== 'metadata') return;
    const { status, attempt, at: claimedAt = null } = message;
    if (status === 'restarted') onMoment({ kind: 'took-over', at, from, to, attempt, claimedAt });
    if (isTerminal(status)) onMoment({ kind: 'ended', at, status, cursor: id });
  }

  function catchUp(): void {
    if (!replay) return;
    const { after, entries, frames } = replay;
    replay = null;
    if (entries > 0 && (after !== null || entries > frames)) {
      const came = `${plural(entries, 'entry', 'entries')} in ${plural(frames, 'frame')}`;
      const where =
        after === null ? 'Your viewer has all there was' : `Your viewer continued after ${lanes.shorten(after)}`;
      remark({ tone: 'mended', text: `${where}: ${came}.` });
    }
    onMoment({ kind: 'caught-up', at: clock(), after, entries, frames });
  }

  return {
    get sessionId() {
      return sessionId;
    },
    get lanes() {
      return lanes;
    },
    rows: rows.all,
    get droppedRows() {
      return rows.dropped;
    },
    get cursor() {
      return cursor;
    },
    get isOpen() {
      return isOpen;
    },
    get connections() {
      return connections;
    },
    get counts() {
      return counts;
    },
    opened(id, after) {
      if (id !== sessionId) begin(id);
      isOpen = true;
      cause = null;
      connections += 1;
      replay = { after, entries: 0, frames: 0 };
      onChange();
    },
    event(event) {
      if (event.type === 'frame') take(event.frame);
      else if (event.type === 'ping') catchUp();
      else remark({ tone: 'broken', text: `The relay said goodbye (${event.reason}) and closed the line.` });
      onChange();
    },
    closed() {
      isOpen = false;
      replay = null;
      onMoment({ kind: 'broke', at: clock(), cursor });
      remark({
        tone: 'broken',
        text: `${cause ? CAUSES[cause] : 'The line broke here.'} This page has all up to ${lanes.shorten(cursor)}.`,
      });
      cause = null;
    },
    expectBreak(expected) {
      cause = expected;
    },
    remark,
  };
}

/** Entries between a cursor and a frame that does not follow it, as far as their ids tell: at least one. */
function missing(cursor: Cursor, prev: Cursor | undefined, first: number, to: Lane): number {
  const at = parseCursor(cursor);
  const before = prev === undefined ? { fence: to.fence, seq: first - 1 } : parseCursor(prev);
  if (!at || !before || at.fence !== before.fence) return 1;
  return Math.max(1, before.seq - at.seq);
}

/** A count with its noun: `1 entry`, `2 entries`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-GB')} ${count === 1 ? one : many}`;
}
