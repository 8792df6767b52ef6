import { compareCursors, follows, formatCursor, parseCursor, type Cursor } from '#shared/cursor.ts';
import type { Counterexample } from './explore.ts';

/** The rules of merged frames, and how each is kept. */
export interface FrameRules {
  /**
   * Which frames a viewer shows: those that follow; any with a higher id; or those whose `id` (not `from`) comes next. It
   * drops frames that end at or before its cursor, and reconnects for any other.
   */
  shows: 'what follows' | 'any higher id' | 'the next id';
  /** A relay merges anew from the viewer's cursor on. Left out: it sends the frames that it has, whole. */
  cutsAtCursor: boolean;
}

/** All rules kept, as in the product. */
export const FRAMES_AS_BUILT: FrameRules = { shows: 'what follows', cutsAtCursor: true };

/** How far a search goes. */
export interface FrameBounds {
  /** Entries of the longest log. */
  longest: number;
  /** May one frame of the first connection be lost? */
  isLossy: boolean;
}

interface MergedFrame {
  from: Cursor;
  id: Cursor;
}

const FENCE = 7;
/** More connections than a viewer needs when each brings everything that is missing. */
const CONNECTIONS = 3;

/** Result of a search. */
export interface FramesOutcome {
  cases: number;
  /** The first of those with the fewest entries. */
  counterexample: Counterexample | null;
}

/**
 * Tries logs of 1 to `longest` deltas, every way to merge them into frames, and every cursor of a viewer. The first
 * connection brings frames that were cut without regard to that cursor, of which any one may be lost; later connections
 * bring the rest, merged in every other way.
 */
export function tryAllFrames(changes: Partial<FrameRules>, { longest, isLossy }: FrameBounds): FramesOutcome {
  const rules: FrameRules = { ...FRAMES_AS_BUILT, ...changes };
  let cases = 0;
  for (let length = 1; length <= longest; length += 1) {
    for (let cursor = 0; cursor <= length; cursor += 1) {
      for (const early of partitions(1, length)) {
        for (let lost = -1; lost < (isLossy ? early.length : 0); lost += 1) {
          const first = early.filter((_, index) => index !== lost);
          for (const late of partitions(rules.cutsAtCursor ? cursor + 1 : 1, length)) {
            cases += 1;
            const counterexample = watch(rules, length, cursor, first, late);
            if (counterexample) return { cases, counterexample };
          }
        }
      }
    }
  }
  return { cases, counterexample: null };
}

/** One viewer over several connections; null when it ends with the whole text, each part once. */
function watch(
  rules: FrameRules,
  length: number,
  start: number,
  first: readonly MergedFrame[],
  late: readonly MergedFrame[],
): Counterexample | null {
  const trace = [`a viewer stands at ${formatCursor(FENCE, start)} of ${length}`];
  const shown = range(1, start);
  let cursor = formatCursor(FENCE, start);

  function receive(frames: readonly MergedFrame[]): void {
    for (const frame of frames) {
      const [from, to] = [seqOf(frame.from), seqOf(frame.id)];
      const isShown = takes(rules, cursor, frame);
      const isKnown = compareCursors(frame.id, cursor) <= 0;
      trace.push(`${from}…${to} ${isShown ? 'shown' : isKnown ? 'dropped' : 'does not follow'}`);
      if (isShown) {
        shown.push(...range(from, to));
        cursor = frame.id;
      } else if (!isKnown) return;
    }
  }

  receive(first);
  for (let connection = 1; connection < CONNECTIONS && seqOf(cursor) < length; connection += 1) {
    trace.push('it connects again');
    const at = seqOf(cursor);
    const rest = late.filter(({ id }) => seqOf(id) > at);
    receive(rules.cutsAtCursor ? rest.map((frame) => cutAt(frame, at)) : rest);
  }
  const detail = `shown [${shown.join(', ')}] of ${length}`;
  if (new Set(shown).size < shown.length) return { kind: 'shown twice', detail, trace };
  if (seqOf(cursor) < length) return { kind: 'never ends', detail, trace };
  return shown.length < length ? { kind: 'gap', detail, trace } : null;
}

function takes({ shows }: FrameRules, cursor: Cursor, frame: MergedFrame): boolean {
  if (shows === 'what follows') return follows(cursor, frame);
  if (shows === 'the next id') return follows(cursor, { id: frame.id });
  return compareCursors(frame.id, cursor) > 0;
}

function cutAt(frame: MergedFrame, cursor: number): MergedFrame {
  return seqOf(frame.from) > cursor ? frame : { ...frame, from: formatCursor(FENCE, cursor + 1) };
}

/** Every way to cut the entries from `from` to `to` into frames. */
function partitions(from: number, to: number): readonly (readonly MergedFrame[])[] {
  if (from > to) return [[]];
  return range(0, 2 ** (to - from) - 1).map((cuts) => {
    const frames: MergedFrame[] = [];
    let start = from;
    for (let seq = from; seq <= to; seq += 1) {
      const isCut = seq === to || ((cuts >> (seq - from)) & 1) === 1;
      if (!isCut) continue;
      frames.push({ from: formatCursor(FENCE, start), id: formatCursor(FENCE, seq) });
      start = seq + 1;
    }
    return frames;
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

function seqOf(cursor: Cursor): number {
  return parseCursor(cursor)?.seq ?? 0;
}
