import { compareCursors, parseCursor, START, type Cursor } from '#shared/cursor.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import { mergeFeedback, readSession } from '../store/read-session.ts';
import type { ReadAnswer, ReadInput, SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { COMMENT, encodeEntries, encodeSession, encodeSnapshot, PING, toBytes } from './frames.ts';
import { cutAtRunEnd, hasRunEnd, readControlMessage } from './run-ends.ts';
import type { Tail } from './tail.ts';
import type { Viewer } from './viewer.ts';

/** A reading of a session that has a log. */
export type OpenReadAnswer = Extract<ReadAnswer, { kind: 'exact' | 'snapshot' }>;
type ExactReading = Extract<ReadAnswer, { kind: 'exact' }>;
type SnapshotReading = Extract<ReadAnswer, { kind: 'snapshot' }>;

/** One viewer on its way from where it stands to the end of the log. */
export interface Replay {
  readonly store: SessionStore;
  readonly tail: Tail;
  readonly viewer: Viewer;
}

/**
 * Entries per reading. They come merged, and the store ends a reading sooner where they are long
 * (`MERGED_READ_LENGTH`), so that many viewers who stall within one cost little memory.
 */
const READ_ENTRIES = 8192;
/** Characters of cached frames per write. */
const WRITE_LENGTH = 65_536;
/** Milliseconds between two attempts to reach a store that is away. */
const STORE_RETRY_MS = 1000;
/** Failed attempts per comment, which shows the viewer and the proxies that the line is alive. */
const ATTEMPTS_PER_COMMENT = 15;

/**
 * How to read on after a cursor: up to the next multiple of `READ_ENTRIES`, so that all viewers read the same stretches
 * of the log from there on, wherever each of them began.
 */
export function readingAfter(after: Cursor): ReadInput & { after: Cursor } {
  const pastBorder = ((parseCursor(after)?.seq ?? 0) + 1) % READ_ENTRIES;
  return { after, limit: READ_ENTRIES - pastBorder, merged: true };
}

/**
 * Writes the log from where the viewer stands to its end, then makes the viewer live. `first` is the first reading,
 * `after` the cursor it was read with. Resolves when the viewer is live or has ended.
 */
export async function replayLog(replay: Replay, first: OpenReadAnswer, after: Cursor | undefined): Promise<void> {
  const { store, tail, viewer } = replay;
  let cursor = after;
  let reading: ReadAnswer | null = first;
  while (reading) {
    if (reading.kind === 'gone' || reading.kind === 'empty' || tail.hasEnded) return viewer.end('gone');
    const written = await writeReading(replay, reading, cursor);
    if (!written || viewer.hasEnded) return viewer.end('gone');
    if (written.isCut) return viewer.end();
    cursor = await writeCached(replay, written.cursor);
    if (compareCursors(cursor, reading.head) >= 0 && (await arrive(replay, cursor))) return;
    const input = readingAfter(cursor);
    reading = await patiently(viewer, () => store.read(tail.sessionId, input));
  }
}

interface Written {
  /** Where the viewer stands. */
  cursor: Cursor;
  /** The terminal message that the viewer waits for was the last. */
  isCut: boolean;
}

/** Null when there is nothing to write any more: the session is gone, or the viewer. */
async function writeReading(
  replay: Replay,
  reading: OpenReadAnswer,
  after: Cursor | undefined,
): Promise<Written | null> {
  if (reading.kind === 'snapshot') return writeSnapshot(replay, reading);
  const cursor = after ?? START;
  return replay.tail.cached(cursor) ? { cursor, isCut: false } : writeEntries(replay, reading, cursor);
}

async function writeSnapshot({ store, tail, viewer }: Replay, reading: SnapshotReading): Promise<Written | null> {
  const { sessionId } = tail;
  if (coversAllFinished(reading)) {
    await viewer.sendPaced(toBytes(encodeSnapshot(sessionId, reading.cursor, shownTranscript(reading))));
    return { cursor: reading.cursor, isCut: false };
  }
  // Runs have ended since the transcript was sealed: a snapshot is of all finished runs, so they are folded in here.
  const session = await patiently(viewer, () => readSession(store, sessionId));
  if (session?.kind !== 'open') return null;
  await viewer.sendPaced(toBytes(encodeSession(sessionId, session)));
  return { cursor: session.finished.cursor, isCut: false };
}

/** The transcript as it is kept when nothing was rated, which saves parsing it. */
function shownTranscript({ transcript, feedback }: SnapshotReading): string {
  if (Object.keys(feedback).length === 0) return transcript;
  return JSON.stringify(mergeFeedback(JSON.parse(transcript) as ChatMessage[], feedback));
}

/** Runs follow one another: when the first entry after the transcript is the active run's, all are. */
function coversAllFinished({ run, cursor, head, entries }: SnapshotReading): boolean {
  if (run === null) return cursor === head;
  const [first] = entries;
  return first === undefined || readControlMessage(first)?.runId === run.runId;
}

async function writeEntries(
  { tail, viewer }: Replay,
  { entries: all, head }: ExactReading,
  after: Cursor,
): Promise<Written> {
  const { entries, isCut } = cutAtRunEnd(all, viewer.until);
  const last = entries.at(-1)?.id;
  if (last === undefined) return { cursor: after, isCut };
  const text = encodeEntries(entries);
  // Where the log goes on the reading is full. One in which a run ends is another one for a viewer that waits for that.
  if (last !== head && !hasRunEnd(all)) tail.keep(after, { text, last });
  await viewer.sendPaced(toBytes(text));
  return { cursor: last, isCut };
}

/** Writes the frames that are cached; answers where the viewer stands then. */
async function writeCached({ tail, viewer }: Replay, after: Cursor): Promise<Cursor> {
  let cursor = after;
  while (!viewer.hasEnded) {
    let text = '';
    for (let frames = tail.cached(cursor); frames && text.length < WRITE_LENGTH; frames = tail.cached(cursor)) {
      text += frames.text;
      cursor = frames.last;
    }
    if (text === '') break;
    await viewer.sendPaced(toBytes(text));
  }
  return cursor;
}

/** The viewer has read all there was; true when it is live now, or has ended. */
async function arrive({ tail, viewer }: Replay, cursor: Cursor): Promise<boolean> {
  if (!tail.join(viewer, cursor)) {
    // The store was faster than its hints, or the log grew beyond what is kept for those who join.
    await patiently(viewer, () => tail.catchUp());
    if (!tail.join(viewer, cursor)) return viewer.hasEnded;
  }
  viewer.send(PING);
  if (viewer.until !== null && viewer.until !== tail.runId) viewer.end();
  return true;
}

/** Waits for a store that is away as long as the viewer does, who would only come back. Null once the viewer has ended. */
async function patiently<T>(viewer: Viewer, operation: () => Promise<T>): Promise<T | null> {
  for (let failures = 1; !viewer.hasEnded; failures += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
      if (failures % ATTEMPTS_PER_COMMENT === 0) viewer.send(COMMENT);
    }
  }
  return null;
}
