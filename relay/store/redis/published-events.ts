import { formatCursor } from '#shared/cursor.ts';
import type { LogEntry } from '../session-store.ts';
import { GROUP_TEXTS } from './entry-groups.ts';

/** An event as scripts publish it. */
export type PublishedEvent = PublishedEntries | { kind: 'feedback' } | { kind: 'gone' } | { kind: 'unsure' };

/**
 * Entries that were written. They stay in groups, since most of them come back to the process that wrote them, which has
 * no use for the texts.
 */
export interface PublishedEntries {
  readonly kind: 'entries';
  readonly fence: number;
  /** seq of the first entry. */
  readonly seq: number;
  /** The cursor before the first entry, if that has seq 0; else empty. */
  readonly prev: string;
  /** Entries in all groups. */
  readonly count: number;
  /** See `decodeGroups`. */
  readonly groups: readonly string[];
}

/** Cannot occur in JSON; the same as in lib/base.lua. */
const SEPARATOR = '\x1e';

/** Decodes what was published. A payload that this version does not know is `unsure`: the log decides. */
export function decodeEvent(payload: string): PublishedEvent {
  if (payload === 'gone' || payload === 'feedback') return { kind: payload };
  const [kind, fence = '', seq = '', prev = '', ...groups] = payload.split(SEPARATOR);
  let count = 0;
  for (let index = 0; index < groups.length; index += GROUP_TEXTS) count += Number(groups[index]);
  const numbers = [Number(fence), Number(seq), count];
  if (kind !== 'entries' || !numbers.every(Number.isSafeInteger) || groups.length === 0) return { kind: 'unsure' };
  return { kind, fence: Number(fence), seq: Number(seq), prev, count, groups };
}

/** Consecutive entries under a fence; `prev` goes with seq 0. */
export function toLogEntries(fence: number, seq: number, prev: string, texts: readonly string[]): LogEntry[] {
  return texts.map((data, index) => {
    const id = formatCursor(fence, seq + index);
    return seq + index === 0 ? { id, prev, data } : { id, data };
  });
}
