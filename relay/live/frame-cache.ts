import type { Cursor } from '#shared/cursor.ts';

/** Characters of all frames kept together: 64 Mi, a small share of what a process that holds 10,000 streams has. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** One full reading of the log as the text of its frames. */
export interface CachedFrames {
  readonly text: string;
  /** The last entry in it: the reading that comes next begins after this one. */
  readonly last: Cursor;
}

/** Frames that were encoded for a replay, for the next viewer who asks for the same. */
export interface FrameCache {
  /** The frames that come after a cursor. */
  get(sessionId: string, after: Cursor): CachedFrames | undefined;
  /** Keeps frames while there is room; what is written to a log does not change, so they stay true. */
  keep(sessionId: string, after: Cursor, frames: CachedFrames): void;
  /** Forgets those of a session. */
  drop(sessionId: string): void;
  /** Are any of this session kept? */
  has(sessionId: string): boolean;
}

/** One cache for all sessions, bounded in all: an idle session takes no room in it. `maxLength` in characters. */
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
