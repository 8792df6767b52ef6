import { compareCursors, parseCursor, START, type Cursor } from '#shared/cursor.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import { mergeFeedback, readSession } from '../store/read-session.ts';
import type { ReadAnswer, ReadInput } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import {
  catchUp,
  controlMessage,
  cutAtTerminal,
  encodeEntries,
  endedRun,
  join,
  snapshotOf,
  type Page,
  type Tail,
  type TailContext,
} from './session-tail.ts';
import { COMMENT, encodeSnapshot, PING, toBytes } from './sse-frames.ts';
import type { Viewer } from './viewer.ts';

/** A reading of a session that has a log. */
export type OpenReadAnswer = Extract<ReadAnswer, { kind: 'exact' | 'snapshot' }>;

export interface ReplayContext extends TailContext {
  /** Writes to a viewer whose reading is paced by its socket; resolves when it takes more. */
  sendPaced(viewer: Viewer, bytes: Uint8Array): Promise<void>;
  /** Keeps a page for other viewers, as long as there is room. */
  keepPage(tail: Tail, after: Cursor, page: Page): void;
  /** True from when the relay is about to stop. */
  isClosing(): boolean;
}

/**
 * Entries a page at most. They come merged, and the store ends sooner where they are long (`MERGED_READ_LENGTH`), so that
 * many viewers who stall on a page cost little memory.
 */
const PAGE_ENTRIES = 8192;
/** Characters that are gathered for one write. */
const WRITE_LENGTH = 65_536;
const STORE_RETRY_MS = 1000;
/** Tries between two comments that say that the line lives while the store does not. */
const TRIES_A_COMMENT = 15;

/**
 * How to read on after a cursor: up to the next border, so that the pages of all viewers are the same ones from there on,
 * wherever in the log each of them begins.
 */
export function pageAfter(after: Cursor): ReadInput & { after: Cursor } {
  const pastBorder = ((parseCursor(after)?.seq ?? 0) + 1) % PAGE_ENTRIES;
  return { after, limit: PAGE_ENTRIES - pastBorder, merged: true };
}

/**
 * Writes the log from where the viewer stands to its end, then makes the viewer live. `first` is the first reading,
 * `after` the cursor it was read with. Resolves when the viewer is live or its response has ended.
 */
export async function replay(
  context: ReplayContext,
  tail: Tail,
  viewer: Viewer,
  first: OpenReadAnswer,
  after: Cursor | undefined,
): Promise<void> {
  const { sessionId } = tail;
  let cursor = after;
  let page: ReadAnswer | null = first;
  for (;;) {
    if (page === null) return context.finish(viewer, 'shutdown');
    if (page.kind === 'gone' || page.kind === 'empty' || tail.ended) return context.finish(viewer, 'gone');

    const written = await writePage(context, tail, viewer, page, cursor);
    if (viewer.state === 'ended') return;
    if (context.isClosing() || written === null) return context.finish(viewer, 'shutdown');
    if (written.isCut) return context.finish(viewer);
    cursor = await writeKnownPages(context, tail, viewer, written.cursor);

    if (compareCursors(cursor, page.head) >= 0 && (await arrive(context, tail, viewer, cursor))) return;
    const input = pageAfter(cursor);
    page = await patiently(context, viewer, () => context.store.read(sessionId, input));
  }
}

interface Written {
  /** Where the viewer stands. */
  cursor: Cursor;
  /** The terminal message that the viewer waited for was the last. */
  isCut: boolean;
}

/** Null when the relay stops, or the viewer has gone, before the store can be reached. */
async function writePage(
  context: ReplayContext,
  tail: Tail,
  viewer: Viewer,
  page: OpenReadAnswer,
  after: Cursor | undefined,
): Promise<Written | null> {
  if (page.kind === 'exact') {
    const cursor = after ?? START;
    return tail.pages?.has(cursor) ? { cursor, isCut: false } : writeEntries(context, tail, viewer, page, cursor);
  }
  const { sessionId } = tail;
  if (coversAllFinished(page)) {
    await context.sendPaced(viewer, toBytes(encodeSnapshot(sessionId, page.cursor, shownTranscript(page))));
    return { cursor: page.cursor, isCut: false };
  }
  // Runs have ended since the transcript was sealed: a snapshot is of all finished runs, so they are folded in here.
  const session = await patiently(context, viewer, () => readSession(context.store, sessionId));
  if (session?.kind !== 'open') return null;
  await context.sendPaced(viewer, snapshotOf(sessionId, session));
  return { cursor: session.finished.cursor, isCut: false };
}

/** As it is kept when nothing was rated, which spares the reading of it. */
function shownTranscript({ transcript, feedback }: Extract<ReadAnswer, { kind: 'snapshot' }>): string {
  if (Object.keys(feedback).length === 0) return transcript;
  return JSON.stringify(mergeFeedback(JSON.parse(transcript) as ChatMessage[], feedback));
}

/** Runs follow one another: when the first entry after the transcript is the active run's, all are. */
function coversAllFinished({ run, cursor, head, entries }: Extract<ReadAnswer, { kind: 'snapshot' }>): boolean {
  if (run === null) return cursor === head;
  const [first] = entries;
  return first === undefined || controlMessage(first)?.runId === run.runId;
}

async function writeEntries(
  context: ReplayContext,
  tail: Tail,
  viewer: Viewer,
  { entries: all, head }: Extract<ReadAnswer, { kind: 'exact' }>,
  after: Cursor,
): Promise<Written> {
  const { entries, isCut } = cutAtTerminal(all, viewer.until);
  const last = entries.at(-1)?.id;
  if (last === undefined) return { cursor: after, isCut };
  const text = encodeEntries(entries);
  // Where the log goes on the page is full. One in which a run ends is another one for whoever waits for that end.
  const isWhole = last !== head && !all.some((entry) => endedRun(controlMessage(entry)) !== null);
  if (isWhole) context.keepPage(tail, after, { text, last });
  await context.sendPaced(viewer, toBytes(text));
  return { cursor: last, isCut };
}

/** Writes the pages that are at hand; answers where the viewer stands then. */
async function writeKnownPages(context: ReplayContext, tail: Tail, viewer: Viewer, after: Cursor): Promise<Cursor> {
  let cursor = after;
  while (viewer.state !== 'ended' && !context.isClosing()) {
    let text = '';
    for (let page = tail.pages?.get(cursor); page && text.length < WRITE_LENGTH; page = tail.pages?.get(cursor)) {
      text += page.text;
      cursor = page.last;
    }
    if (text === '') break;
    await context.sendPaced(viewer, toBytes(text));
  }
  return cursor;
}

/** The viewer has read all there was; true when it is live now, or its response has ended. */
async function arrive(context: ReplayContext, tail: Tail, viewer: Viewer, cursor: Cursor): Promise<boolean> {
  if (!join(context, tail, viewer, cursor)) {
    // The store was faster than its hints, or the log grew beyond what the tail keeps for those who join.
    await patiently(context, viewer, () => catchUp(context, tail));
    if (!join(context, tail, viewer, cursor)) return false;
  }
  context.send(viewer, PING);
  if (viewer.until !== null && viewer.until !== tail.runId) context.finish(viewer);
  return true;
}

/** Waits for the store as long as the viewer does: it would only come back. Null when one of them, or the relay, ends. */
async function patiently<T>(context: ReplayContext, viewer: Viewer, operation: () => Promise<T>): Promise<T | null> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
      if (viewer.state === 'ended' || context.isClosing()) return null;
      if (failures % TRIES_A_COMMENT === 0) context.send(viewer, COMMENT);
    }
  }
}
