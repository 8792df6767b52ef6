import { parseCursor, START, type Cursor } from '#shared/cursor.ts';

/** What one fence has written, as far as this page has seen it. */
export interface Lane {
  /** 1, 2, 3 … in the order of appearance: a fence itself is a number of 13 digits. */
  number: number;
  fence: number;
  /** seq of the newest entry that has come; -1 before the first. */
  last: number;
  /** Entries of it that have come. */
  received: number;
  /** Who writes under it; null while unknown. */
  owner: string | null;
  /** What its entry 0 says: `prompt`, or a status of the run. */
  opening: string | null;
}

/** The fences of a log, numbered. */
export interface Lanes {
  /** In order of appearance, which is that of their fences. */
  readonly all: readonly Lane[];
  find(fence: number): Lane | undefined;
  /** The lane of a fence that an entry has come from. */
  enter(fence: number): Lane;
  /** A cursor with the lane's number in the fence's place: `2-57`. */
  shorten(cursor: Cursor): string;
}

/** Creates the lanes of an empty log. */
export function createLanes(): Lanes {
  const all: Lane[] = [];
  const find = (fence: number): Lane | undefined => all.find((lane) => lane.fence === fence);
  return {
    all,
    find,
    enter(fence) {
      let lane = find(fence);
      if (!lane) {
        lane = { number: all.length + 1, fence, last: -1, received: 0, owner: null, opening: null };
        all.push(lane);
      }
      return lane;
    },
    shorten(cursor) {
      const parts = parseCursor(cursor);
      if (!parts || cursor === START) return 'the start';
      return `${find(parts.fence)?.number ?? `…${String(parts.fence).slice(-4)}`}-${parts.seq}`;
    },
  };
}
