import { compareCursors, parseCursor, START, type Cursor } from '#shared/cursor.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import { mergeFeedback, readSession } from '../store/read-session.ts';
import type { ReadAnswer, ReadInput, SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { COMMENT, encodeEntries, encodeSession, encodeSnapshot, PING, toBytes } from './frames.ts';
import { cutAtRunEnd, hasRunEnd, readControlMessage } from './run-ends.ts';
import type { Tail } from './tail.ts';
import type { Viewer } from './viewer.ts';

/** The answer to a read of a session that has a log. */
export type OpenReadAnswer = Extract<ReadAnswer, { kind: 'exact' | 'snapshot' }>;
type ExactReading = Extract<ReadAnswer, { kind: 'exact' }>;
type SnapshotReading = Extract<ReadAnswer, { kind: 'snapshot' }>;

/** A viewer that reads the log up to its end. */
export interface Replay {
  readonly store: SessionStore;
  readonly tail: Tail;
  readonly viewer: Viewer;
}

/**
 * Entries per read. They are merged, and the store ends a read earlier where they are long (`MERGED_READ_LENGTH`), so
 * that many stalled viewers cost little memory.
 */
const READ_ENTRIES = 8192;
/** Characters of cached frames per write. */
const WRITE_LENGTH = 65_536;
/** Milliseconds between two reads from a store that is unreachable. */
const STORE_RETRY_MS = 1000;
/** Failed reads per comment, which shows viewer and proxies that the connection is alive. */
const ATTEMPTS_PER_COMMENT = 15;

/**
 * The next read after a cursor. It ends at a multiple of `READ_ENTRIES`, so that all viewers, wherever they began, read
 * the same ranges of the log from there on and share the cache.
 */
export function readingAfter(after: Cursor): ReadInput & { after: Cursor } {
  const pastBorder = ((parseCursor(after)?.seq ?? 0) + 1) % READ_ENTRIES;
  return { after, limit: READ_ENTRIES - pastBorder, merged: true };
}

/**
 * Writes the log from the viewer's cursor to its end, then makes the viewer live. `first` is the first read, `after` the
 * cursor it was made with. Resolves when the viewer is live or has ended.
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
  /** The viewer's cursor. */
  cursor: Cursor;
  /** The last message ended the run that the viewer waits for. */
  isCut: boolean;
}

/** Null when the session or the viewer is gone. */
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
  // Runs have ended since the transcript was sealed; a snapshot contains all finished runs, so they are folded in here.
  const session = await patiently(viewer, () => readSession(store, sessionId));
  if (session?.kind !== 'open') return null;
  await viewer.sendPaced(toBytes(encodeSession(sessionId, session)));
  return { cursor: session.finished.cursor, isCut: false };
}

/** The transcript with its ratings. Without any it is not parsed. */
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
  // A read that ends before the head is full. One with a run's end differs between viewers that wait for it and others.
  if (last !== head && !hasRunEnd(all)) tail.cache(after, { text, last });
  await viewer.sendPaced(toBytes(text));
  return { cursor: last, isCut };
}

/** Writes cached frames; returns the viewer's new cursor. */
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

/** Makes a viewer live that has read the whole log; true when it is live, or has ended. */
async function arrive({ tail, viewer }: Replay, cursor: Cursor): Promise<boolean> {
  if (!tail.join(viewer, cursor)) {
    // The read was ahead of the hints, or the log grew by more than the recent entries.
    await patiently(viewer, () => tail.catchUp());
    if (!tail.join(viewer, cursor)) return viewer.hasEnded;
  }
  viewer.send(PING);
  if (viewer.until !== null && viewer.until !== tail.runId) viewer.end();
  return true;
}

/** Retries until the store is reachable: a viewer that was sent away would only come back. Null when it has ended. */
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
