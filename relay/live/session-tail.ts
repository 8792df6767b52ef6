import { compareCursors, follows, START, type Cursor } from '#shared/cursor.ts';
import { isTerminal, type ByeReason, type StreamMessage } from '#shared/protocol.ts';
import type { Logger } from '../util/logger.ts';
import { mergeFeedback, readSession, type OpenSession } from '../store/read-session.ts';
import { StoreError } from '../store/store-error.ts';
import type { FollowEvent, LogEntry, SessionStore, Unfollow } from '../store/session-store.ts';
import { mergeDeltas } from './merge-deltas.ts';
import { encodeFrame, encodeSnapshot, toBytes } from './sse-frames.ts';
import type { Viewer } from './viewer.ts';

/** Why there is nothing to follow: the session is remembered to be gone, or nothing is known of it. */
export type Absent = 'gone' | 'empty';

/** The end of one watched session's log, as this process knows it, and who is written to when it grows. */
export interface Tail {
  readonly sessionId: string;
  /** Up to here the log is known; once flushed, this is where each live viewer stands. */
  cursor: Cursor;
  /** The active run. */
  runId: string | null;
  readonly live: Set<Viewer>;
  /** Viewers that hold the tail open, those that still replay included. */
  holders: number;
  /** Viewers that still replay: for them the latest entries are kept, so that each can join however fast the log grows. */
  replaying: number;
  recent: LogEntry[];
  /** Pages that were read for replays, by the cursor they come after; null: none, as of nearly all idle sessions. */
  pages: Map<Cursor, Page> | null;
  /** Received, and not yet written to the live viewers. */
  pending: LogEntry[];
  /** Spreads the heartbeats and polls of many tails over time. */
  readonly slot: number;
  /** Until it is open; with what kept it from that. */
  ready: Promise<Absent | null> | null;
  catchingUp: Promise<void> | null;
  catchUpAgain: boolean;
  /** When the last viewer left (ticks of the hub). */
  leftAt: number;
  polling: boolean;
  /** When it was compared with the log's head, where it stood when the hub looked, and since when (ticks of the hub). */
  polledAt: number;
  lookedAt: Cursor;
  quietSince: number;
  /** Something was rated since the live viewers were shown what is. */
  feedbackDue: boolean;
  unfollow: Unfollow | null;
  ended: boolean;
}

/** A full page of the log as the text of its events: what was written is never changed, so it need not be read again. */
export interface Page {
  readonly text: string;
  /** Its last entry. */
  readonly last: Cursor;
}

/** What a tail needs of the hub. */
export interface TailContext {
  readonly store: SessionStore;
  readonly logger: Logger;
  /** Writes to a viewer, and looks after it when it does not read. */
  send(viewer: Viewer, bytes: Uint8Array): void;
  /** Ends a viewer's response, with `bye` when a reason is given. */
  finish(viewer: Viewer, reason?: ByeReason): void;
  /** Forgets the pages that were kept. */
  dropPages(tail: Tail): void;
  /** The tail has ended: nobody joins it any more. */
  forget(tail: Tail): void;
}

/** Entries that are read at a time, one by one. */
const PAGE_ENTRIES = 2048;
/** Entries kept for viewers that are about to join. */
const RECENT_ENTRIES = 1024;

export function createTail(sessionId: string, slot: number): Tail {
  return {
    sessionId,
    slot,
    cursor: START,
    runId: null,
    live: new Set(),
    holders: 0,
    replaying: 0,
    recent: [],
    pages: null,
    pending: [],
    ready: null,
    catchingUp: null,
    catchUpAgain: false,
    leftAt: 0,
    polling: false,
    polledAt: 0,
    lookedAt: START,
    quietSince: 0,
    feedbackDue: false,
    unfollow: null,
    ended: false,
  };
}

/**
 * Subscribes first and looks where the log ends next, so that nothing falls between the two. Null when it is open.
 * @throws StoreError
 */
export async function openTail(context: TailContext, tail: Tail): Promise<Absent | null> {
  let headKnown = false;
  let missed = false;
  const unfollow = await context.store.follow(tail.sessionId, (event) => {
    if (headKnown) hear(context, tail, event);
    else missed = true;
  });
  if (tail.ended) {
    unfollow();
    return null;
  }
  tail.unfollow = unfollow;
  const answer = await context.store.head(tail.sessionId);
  if (answer.kind !== 'open') return answer.kind;
  tail.cursor = answer.head;
  tail.runId = answer.run?.runId ?? null;
  headKnown = true;
  if (missed) await catchUp(context, tail);
  return null;
}

/** Lets go of the store, and of all that was kept. Idempotent. */
export function closeTail(context: TailContext, tail: Tail): void {
  tail.ended = true;
  context.dropPages(tail);
  tail.unfollow?.();
  tail.unfollow = null;
}

/**
 * Makes a viewer live if it stands where the tail stands, or where the entries kept can take it from.
 * Answers false when it has to read on first, or when the tail has to (`catchUp`).
 */
export function join(context: TailContext, tail: Tail, viewer: Viewer, cursor: Cursor): boolean {
  if (tail.ended) return false;
  flush(context, tail);
  if (tail.cursor !== cursor) {
    const missing = entriesAfter(tail.recent, cursor);
    if (!missing) return false;
    const { entries } = cutAtTerminal(missing, viewer.until);
    context.send(viewer, toBytes(encodeEntries(entries)));
  }
  viewer.state = 'live';
  tail.live.add(viewer);
  return true;
}

/** Reads what of the log the tail does not know yet. Resolves once it has reached where the log ended at the call. */
export function catchUp(context: TailContext, tail: Tail): Promise<void> {
  if (tail.catchingUp) tail.catchUpAgain = true;
  tail.catchingUp ??= readOn(context, tail).finally(() => {
    tail.catchingUp = null;
  });
  return tail.catchingUp;
}

/** Compares the tail with the log's head: a hint may have been lost, and it may have been the last. */
export async function poll(context: TailContext, tail: Tail): Promise<void> {
  if (tail.polling || tail.ended) return;
  tail.polling = true;
  try {
    const answer = await context.store.head(tail.sessionId);
    if (tail.ended) return;
    if (answer.kind === 'open') endRevoked(context, tail, answer.revoked);
    if (answer.kind !== 'open') endGone(context, tail);
    else if (answer.head !== tail.cursor) await catchUp(context, tail);
    else tail.runId = answer.run?.runId ?? null;
  } catch (error) {
    logFailure(context, error);
  } finally {
    tail.polling = false;
  }
}

/**
 * Shows the live viewers what was rated, by a snapshot: only while no run is active, which it would take from the screen,
 * and nobody replays, who would miss it. Else it is to be tried again.
 */
export async function showFeedback(context: TailContext, tail: Tail): Promise<void> {
  if (!tail.feedbackDue || tail.runId !== null || tail.replaying > 0 || tail.catchingUp) return;
  tail.feedbackDue = false;
  if (tail.live.size === 0) return;
  try {
    const session = await readSession(context.store, tail.sessionId);
    if (tail.ended || session.kind !== 'open') return;
    flush(context, tail);
    // Something was written meanwhile, or somebody came: not what stands there now.
    if (session.run || session.finished.cursor !== tail.cursor || tail.replaying > 0) tail.feedbackDue = true;
    else sendAll(context, tail, snapshotOf(tail.sessionId, session));
  } catch (error) {
    tail.feedbackDue = true;
    logFailure(context, error);
  }
}

/** The transcript of all finished runs as a viewer is shown it. */
export function snapshotOf(sessionId: string, { finished, feedback }: OpenSession): Uint8Array {
  const messages = JSON.stringify(mergeFeedback(finished.messages, feedback));
  return toBytes(encodeSnapshot(sessionId, finished.cursor, messages));
}

/** Entries up to the terminal message of the run that the viewer waits for; all of them when it is not among them. */
export function cutAtTerminal(
  entries: readonly LogEntry[],
  until: string | null,
): { entries: readonly LogEntry[]; isCut: boolean } {
  const index = until ? entries.findIndex((entry) => endedRun(controlMessage(entry)) === until) : -1;
  return index < 0 ? { entries, isCut: false } : { entries: entries.slice(0, index + 1), isCut: true };
}

type ControlMessage = Exclude<StreamMessage, { type: 'chunk' | 'snapshot' }>;

/** The message of an entry, or null when it is a chunk. */
export function controlMessage({ data }: LogEntry): ControlMessage | null {
  // Nearly all entries are chunks: they are told by how they begin, without parsing.
  if (data.startsWith('{"type":"chunk"')) return null;
  const message = JSON.parse(data) as StreamMessage;
  return message.type === 'chunk' || message.type === 'snapshot' ? null : message;
}

/** The run that this message ends; null when it ends none. */
export function endedRun(message: ControlMessage | null): string | null {
  return message?.type === 'metadata' && isTerminal(message.status) ? message.runId : null;
}

function hear(context: TailContext, tail: Tail, event: FollowEvent): void {
  if (tail.ended) return;
  // What was missed need not be an entry.
  if (event.kind === 'unsure') void poll(context, tail);
  if (event.kind === 'gone') endGone(context, tail);
  else if (event.kind === 'feedback') tail.feedbackDue = true;
  else if (event.kind === 'unsure' || !receive(context, tail, event.entries)) void catchUpLater(context, tail);
}

async function catchUpLater(context: TailContext, tail: Tail): Promise<void> {
  try {
    await catchUp(context, tail);
  } catch (error) {
    logFailure(context, error);
  }
}

/** The viewers stay: the next poll sees that the log's head lies elsewhere, and tries again. */
function logFailure({ logger }: TailContext, error: unknown): void {
  if (error instanceof StoreError) logger.debug({ err: error }, 'A watched session could not be read');
  else logger.error({ err: error }, 'Following a session failed');
}

async function readOn(context: TailContext, tail: Tail): Promise<void> {
  do {
    tail.catchUpAgain = false;
    const before = tail.cursor;
    const answer = await context.store.read(tail.sessionId, { after: before, limit: PAGE_ENTRIES });
    if (tail.ended) return;
    if (answer.kind === 'gone' || answer.kind === 'empty') return endGone(context, tail);
    if (answer.kind === 'snapshot') {
      // What was heard meanwhile may have taken the tail on: then this says nothing of where it stands now.
      if (tail.cursor === before) await startAnew(context, tail);
      tail.catchUpAgain = true;
    } else {
      receive(context, tail, answer.entries);
      if (tail.cursor !== before && compareCursors(tail.cursor, answer.head) < 0) tail.catchUpAgain = true;
    }
  } while (tail.catchUpAgain && !tail.ended);
}

/** Nothing follows the tail's cursor (it was trimmed away, or the log has another history): all begin from a snapshot. */
async function startAnew(context: TailContext, tail: Tail): Promise<void> {
  const before = tail.cursor;
  const session = await readSession(context.store, tail.sessionId);
  if (tail.ended) return;
  if (session.kind !== 'open') return endGone(context, tail);
  if (tail.cursor !== before) return;
  const { cursor } = session.finished;
  tail.pending = [];
  tail.recent = [];
  // They may be of a history that was lost.
  context.dropPages(tail);
  tail.cursor = cursor;
  tail.runId = session.run?.runId ?? null;
  const bytes = snapshotOf(tail.sessionId, session);
  for (const viewer of tail.live) {
    context.send(viewer, bytes);
    if (viewer.until !== null && viewer.until !== tail.runId) context.finish(viewer);
  }
  receive(context, tail, session.unfinished);
}

/** Takes what follows the tail, drops what it knows; false when something is missing in between. */
function receive(context: TailContext, tail: Tail, entries: readonly LogEntry[]): boolean {
  for (const entry of entries) {
    if (!follows(tail.cursor, entry)) {
      if (compareCursors(entry.id, tail.cursor) <= 0) continue;
      return false;
    }
    tail.cursor = entry.id;
    if (tail.pending.push(entry) === 1) queueMicrotask(() => flush(context, tail));
    if (tail.replaying > 0) keepRecent(tail, entry);
    noteRun(context, tail, entry);
  }
  return true;
}

function noteRun(context: TailContext, tail: Tail, entry: LogEntry): void {
  const message = controlMessage(entry);
  if (!message) return;
  const ended = endedRun(message);
  if (ended === null) {
    if (message.type !== 'error') tail.runId = message.runId;
    return;
  }
  tail.runId = null;
  flush(context, tail);
  for (const viewer of tail.live) if (viewer.until === ended) context.finish(viewer);
}

/** Writes what has come in to the live viewers: encoded once, in one write each. */
function flush(context: TailContext, tail: Tail): void {
  if (tail.pending.length === 0) return;
  const entries = tail.pending;
  tail.pending = [];
  if (tail.live.size === 0) return;
  sendAll(context, tail, toBytes(encodeEntries(entries)));
}

function sendAll(context: TailContext, tail: Tail, bytes: Uint8Array): void {
  for (const viewer of tail.live) context.send(viewer, bytes);
}

/** The text of the events of these entries, merged where that can be. */
export function encodeEntries(entries: readonly LogEntry[]): string {
  let text = '';
  for (const frame of mergeDeltas(entries)) text += encodeFrame(frame);
  return text;
}

function keepRecent(tail: Tail, entry: LogEntry): void {
  tail.recent.push(entry);
  if (tail.recent.length > 2 * RECENT_ENTRIES) tail.recent = tail.recent.slice(-RECENT_ENTRIES);
}

/** What comes after `cursor` of the entries kept; null when they do not reach back to it. */
function entriesAfter(recent: readonly LogEntry[], cursor: Cursor): readonly LogEntry[] | null {
  const first = recent[0];
  if (first && follows(cursor, first)) return recent;
  const index = recent.findIndex((entry) => entry.id === cursor);
  return index < 0 ? null : recent.slice(index + 1);
}

/** Nobody reads on by a share that was revoked. */
function endRevoked(context: TailContext, tail: Tail, revoked: number): void {
  for (const viewer of tail.live) if (viewer.share !== null && viewer.share < revoked) context.finish(viewer, 'gone');
}

function endGone(context: TailContext, tail: Tail): void {
  if (tail.ended) return;
  flush(context, tail);
  closeTail(context, tail);
  context.forget(tail);
  for (const viewer of tail.live) context.finish(viewer, 'gone');
}
