import type { Entry, History } from './histories.ts';

/** What the store keeps of the session. A failover that loses writes restores all of it to an earlier state. */
export interface Store {
  readonly log: History;
  readonly fence: number;
  readonly next: number;
  readonly run: number;
  readonly isOpen: boolean;
  /** The relay that holds the lease; null when the run is due. */
  readonly owner: number | null;
  /** Claims of this run. */
  readonly attempt: number;
}

/** A relay's execution of a run. It remembers everything it wrote, so that it can send it again. */
export interface Writer {
  readonly phase: 'has read' | 'claim unanswered' | 'ready' | 'to close';
  readonly fence: number;
  /** Tells executions apart. */
  readonly id: number;
  readonly run: number;
  /** Chunks of the partial reply that it continues. */
  readonly have: number;
  /** seq of the entry that it sends next. */
  readonly next: number;
  /** The log that it read before it claimed. */
  readonly read: History | null;
}

/** A viewer and its relay. */
export interface Line {
  readonly phase: 'off' | 'subscribed' | 'read' | 'live';
  /** Everything that the viewer was shown, in order. A snapshot replaces it. */
  readonly shown: History;
  /** Published hints that have not arrived yet. */
  readonly hints: readonly Entry[];
  /** A read under way: the cursor, and the log as it was read. */
  readonly asked: { readonly from: History; readonly log: History } | null;
  /** A hint arrived that does not follow. */
  readonly isBehind: boolean;
}

/** One for each of the two relays, or viewers. */
export type Pair<T> = readonly [T, T];

/** A state of the model. Never changed in place. */
export interface LogState {
  readonly store: Store;
  /** Former states of the store that a failover can bring back, oldest first. */
  readonly saved: readonly Store[];
  /** Logs whose newest entries were lost in a failover. */
  readonly lost: readonly History[];
  readonly writers: Pair<Writer | null>;
  readonly lines: Pair<Line>;
  /** The prompt that the client sends next, or again. */
  readonly prompt: number;
  /** How often a fence was raised, lost raises included. */
  readonly raises: number;
  readonly isClockBack: boolean;
  readonly faultsLeft: number;
}

const PHASES: readonly Writer['phase'][] = ['has read', 'claim unanswered', 'ready', 'to close'];
const LINE_PHASES: readonly Line['phase'][] = ['off', 'subscribed', 'read', 'live'];

/** A writer before its claim. */
export const NO_WRITER: Writer = { phase: 'ready', fence: 0, id: 0, run: 0, have: 0, next: 1, read: null };

/** A viewer without a connection. */
export const DROPPED: Partial<Line> = { phase: 'off', hints: [], asked: null, isBehind: false };

/** Sends a hint to a viewer that is subscribed. */
export function publish(line: Line, entry: Entry): Line {
  return line.phase === 'off' || line.phase === 'read' ? line : { ...line, hints: [...line.hints, entry] };
}

/** Uses up one of the faults that may happen. */
export function spend(state: LogState): LogState {
  const faultsLeft = state.faultsLeft - 1;
  return { ...state, faultsLeft, saved: faultsLeft === 0 ? [] : state.saved };
}

/** The state with a relay's writer replaced. */
export function setWriter(state: LogState, actor: 0 | 1, writer: Writer | null): LogState {
  const { writers } = state;
  return { ...state, writers: actor === 0 ? [writer, writers[1]] : [writers[0], writer] };
}

/** The state with a viewer changed. */
export function setLine(state: LogState, actor: 0 | 1, change: Partial<Line>): LogState {
  const [first, second] = state.lines;
  return { ...state, lines: actor === 0 ? [{ ...first, ...change }, second] : [first, { ...second, ...change }] };
}

/** See `Model.encode`. Relays are interchangeable, and so are viewers: both are sorted, so that mirrored states are equal. */
export function encode(state: LogState, row: number[]): void {
  const { store, saved, lost, writers, lines } = state;
  row.push(state.prompt, state.raises, state.isClockBack ? 1 : 0, state.faultsLeft, saved.length, lost.length);
  const [first, second] = writers;
  const order = rank(first) - rank(second) || (store.owner ?? 0);
  const isSwapped = order > 0;
  encodeStore(store, row, isSwapped);
  for (const former of saved) encodeStore(former, row, isSwapped);
  for (const log of lost) row.push(log.number);
  encodeWriter(isSwapped ? second : first, row);
  encodeWriter(isSwapped ? first : second, row);
  const isLineFirst = lines[0].shown.number <= lines[1].shown.number;
  encodeLine(lines[isLineFirst ? 0 : 1], row);
  encodeLine(lines[isLineFirst ? 1 : 0], row);
}

function rank(writer: Writer | null): number {
  return writer ? 1 + writer.id * PHASES.length + PHASES.indexOf(writer.phase) : 0;
}

function encodeStore(store: Store, row: number[], isSwapped: boolean): void {
  const owner = store.owner === null ? 2 : isSwapped ? 1 - store.owner : store.owner;
  row.push(store.log.number, store.fence, store.next, store.run, store.isOpen ? 1 : 0, owner, store.attempt);
}

function encodeWriter(writer: Writer | null, row: number[]): void {
  if (!writer) return void row.push(-1);
  const { phase, fence, id, run, have, next, read } = writer;
  row.push(PHASES.indexOf(phase), fence, id, run, have, next, read ? read.number : -1);
}

function encodeLine(line: Line, row: number[]): void {
  const { phase, shown, hints, asked, isBehind } = line;
  row.push(LINE_PHASES.indexOf(phase), shown.number, isBehind ? 1 : 0, hints.length);
  for (const hint of hints) row.push(hint.number);
  if (asked) row.push(asked.from.number, asked.log.number);
  else row.push(-1);
}
