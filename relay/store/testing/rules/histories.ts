import { compareCursors, follows, formatCursor, START, type Cursor } from '#shared/cursor.ts';
import type { Violation } from './explore.ts';

/** Kinds of entries. `continued` is `metadata restarted` without `reset`. */
export type EntryKind =
  | 'message'
  | 'started'
  | 'restarted'
  | 'continued'
  | 'chunk'
  | 'finished'
  | 'cancelled'
  | 'failed';

/** An entry of the model. */
export interface EntryFields {
  fence: number;
  seq: number;
  /** With seq 0: the cursor of the entry before. */
  prev?: Cursor;
  kind: EntryKind;
  run: number;
  /** Number of the chunk in its reply, from 1; 0 for other entries. */
  position: number;
  /** The execution that wrote it: tells two executions apart that were given the same fence. */
  writer: number;
}

/** Equal entries are one object. */
export interface Entry extends Readonly<EntryFields> {
  readonly number: number;
  readonly id: Cursor;
}

/**
 * A log, as its last entry and the log before it. Equal logs are one object, so that the cost of comparing two of them, and
 * of adding to one, does not depend on their length.
 */
export interface History {
  readonly number: number;
  readonly length: number;
  readonly parent: History | null;
  readonly entry: Entry | null;
  /** The cursor of its last entry. */
  readonly head: Cursor;
  /** The first thing that is wrong with the log; null when nothing is. */
  readonly fault: Violation | null;
  /** Chunks of the current reply since its last reset. */
  readonly position: number;
  /** Raises of the fence. */
  readonly raises: number;
  /** Runs that have begun. */
  readonly begun: readonly number[];
  /** Runs that have ended. */
  readonly ended: readonly number[];
  readonly longer: Map<Entry, History>;
  readonly followed: Map<Entry, boolean>;
}

/** Entries and logs, each of which exists once. */
export interface Histories {
  readonly empty: History;
  entry(fields: EntryFields): Entry;
  append(history: History, entry: Entry): History;
}

const TERMINAL: readonly EntryKind[] = ['finished', 'cancelled', 'failed'];

/** @param chunks of each reply. */
export function createHistories(chunks: number): Histories {
  const entries = new Map<string, Entry>();
  let count = 1;
  const empty: History = {
    number: 0,
    length: 0,
    parent: null,
    entry: null,
    head: START,
    fault: null,
    position: 0,
    raises: 0,
    begun: [],
    ended: [],
    longer: new Map(),
    followed: new Map(),
  };

  function extend(history: History, entry: Entry): History {
    const { kind, run } = entry;
    const isReset = kind === 'message' || kind === 'restarted';
    return {
      number: count++,
      length: history.length + 1,
      parent: history,
      entry,
      head: entry.id,
      fault: history.fault ?? faultOf(history, entry, chunks),
      position: isReset ? 0 : kind === 'chunk' ? entry.position : history.position,
      raises: history.raises + (entry.seq === 0 ? 1 : 0),
      begun: kind === 'message' ? [...history.begun, run] : history.begun,
      ended: TERMINAL.includes(kind) ? [...history.ended, run] : history.ended,
      longer: new Map(),
      followed: new Map(),
    };
  }

  return {
    empty,
    entry(fields) {
      const id = formatCursor(fields.fence, fields.seq);
      const key = `${id} ${fields.prev} ${fields.kind} ${fields.run} ${fields.position} ${fields.writer}`;
      let entry = entries.get(key);
      if (!entry) {
        entry = { ...fields, id, number: entries.size };
        entries.set(key, entry);
      }
      return entry;
    },
    append(history, entry) {
      let longer = history.longer.get(entry);
      if (!longer) {
        longer = extend(history, entry);
        history.longer.set(entry, longer);
      }
      return longer;
    },
  };
}

/** The product's own `follows`, memoized. */
export function followsHead(history: History, entry: Entry): boolean {
  let answer = history.followed.get(entry);
  if (answer === undefined) {
    answer = follows(history.head, entry);
    history.followed.set(entry, answer);
  }
  return answer;
}

/** Is `start` a beginning of `history`, or all of it? */
export function startsWith(history: History, start: History): boolean {
  let at: History | null = history;
  while (at && at.length > start.length) at = at.parent;
  return at === start;
}

/** Entries after a cursor by number, as a store's index finds them, oldest first. */
export function entriesAfter(history: History, cursor: Cursor): Entry[] {
  const found: Entry[] = [];
  for (let at: History | null = history; at?.entry; at = at.parent) {
    if (compareCursors(at.entry.id, cursor) > 0) found.unshift(at.entry);
  }
  return found;
}

/** All entries, oldest first. */
export function entriesOf(history: History): Entry[] {
  return entriesAfter(history, START);
}

/** The log as text, for messages. */
export function show(history: History): string {
  const texts = entriesOf(history).map(
    ({ id, kind, position }) => `${id} ${kind}${kind === 'chunk' ? ` ${position}` : ''}`,
  );
  return `[${texts.join(', ')}]`;
}

/** Names what is wrong with what a viewer was shown, which is the beginning of no log. */
export function judge(shown: History, logs: readonly History[]): Violation {
  const entries = entriesOf(shown);
  const detail = `shown ${show(shown)}, logs ${logs.map(show).join(' and ')}`;
  if (new Set(entries).size < entries.length) return { kind: 'shown twice', detail };
  const isOfOneLog = logs.some((log) => {
    const all = new Set(entriesOf(log));
    return entries.every((entry) => all.has(entry));
  });
  return { kind: isOfOneLog ? 'gap' : 'two histories', detail };
}

function faultOf(history: History, entry: Entry, chunks: number): Violation | null {
  const detail = `${entry.id} ${entry.kind} after ${show(history)}`;
  if (!follows(history.head, entry)) {
    if (compareCursors(entry.id, history.head) > 0) return { kind: 'hole in the log', detail };
    const isThere = entriesOf(history).some(({ id }) => id === entry.id);
    return { kind: isThere ? 'written twice' : 'late write', detail };
  }
  if (entry.kind === 'message') return history.begun.includes(entry.run) ? { kind: 'second run', detail } : null;
  if (history.ended.includes(entry.run)) return { kind: 'written after the end', detail };
  const isWrongText =
    (entry.kind === 'chunk' && entry.position !== history.position + 1) ||
    (entry.kind === 'finished' && history.position !== chunks);
  return isWrongText ? { kind: 'wrong text', detail } : null;
}
