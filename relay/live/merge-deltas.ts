import { firstId, groupDeltas, TEXT_END } from '../store/entries/delta-groups.ts';
import type { LogEntry } from '../store/session-store.ts';

/**
 * Characters (UTF-16 units) of JSON text per merged frame at most: a replay stays in pieces that a socket can pace and a
 * viewer can draw one by one.
 */
export const MAX_MERGED_LENGTH = 65_536;

/**
 * Merges adjacent deltas of one part and one fence (see `groupDeltas`) into one entry each; order is kept. An
 * emoji that was split over two deltas comes out whole, since a lone half is written as an escape (`\ud83d`) and two
 * escapes in a row are a pair again.
 */
export function mergeDeltas(entries: readonly LogEntry[]): readonly LogEntry[] {
  // The usual case of a live viewer: one entry per tick.
  if (entries.length < 2) return entries;
  return groupDeltas(entries, MAX_MERGED_LENGTH).map((group) => {
    if (!('pieces' in group)) return group;
    const { first, last, head, pieces } = group;
    return pieces.length === 1 ? first : { id: last, from: firstId(first), data: head + pieces.join('') + TEXT_END };
  });
}
