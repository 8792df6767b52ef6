import type { Cursor } from '#shared/cursor.ts';

/** Characters of all cached frames: 64 Mi, little beside the memory of a process with 10,000 streams. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** One full read of the log, as the text of its frames. */
export interface CachedFrames {
  readonly text: string;
  /** Its last entry: the next read begins after it. */
  readonly last: Cursor;
}

/** Frames that were encoded for one replay, for the next one of the same entries. */
export interface FrameCache {
  /** The frames after a cursor. */
  get(sessionId: string, after: Cursor): CachedFrames | undefined;
  /** Keeps frames while there is room. Entries of a log never change, so frames do not become stale. */
  keep(sessionId: string, after: Cursor, frames: CachedFrames): void;
  /** Drops all frames of a session. */
  drop(sessionId: string): void;
  /** Are there frames of this session? */
  has(sessionId: string): boolean;
}

/** Creates one cache for all sessions, so that an idle session costs nothing. `maxLength` bounds it, in characters. */
export function createFrameCache(maxLength = MAX_LENGTH): FrameCache {
  const sessions = new Map<string, Map<Cursor, CachedFrames>>();
  let length = 0;

  return {
    get: (sessionId, after) => sessions.get(sessionId)?.get(after),
    keep(sessionId, after, frames) {
      const kept = sessions.get(sessionId);
      if (kept?.has(after) || length + frames.text.length > maxLength) return;
      length += frames.text.length;
      if (kept) kept.set(after, frames);
      else sessions.set(sessionId, new Map([[after, frames]]));
    },
    drop(sessionId) {
      for (const { text } of sessions.get(sessionId)?.values() ?? []) length -= text.length;
      sessions.delete(sessionId);
    },
    has: (sessionId) => sessions.has(sessionId),
  };
}
