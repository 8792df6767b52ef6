import { beforeMerging } from '../store/entries/delta-groups.ts';
import { readSession } from '../store/read-session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { byteLength } from '../util/byte-length.ts';
import type { RunSize } from './log-writer/reply-budget.ts';

/** Measures what the active run of a session has in the log, over all its attempts, as if no deltas were merged. */
export async function measureRun(store: Pick<SessionStore, 'read'>, sessionId: string): Promise<RunSize> {
  const session = await readSession(store, sessionId);
  const size = { bytes: 0, entries: 0 };
  if (session.kind !== 'open') return size;
  for (const entry of session.unfinished) {
    const { count, shared } = beforeMerging(entry);
    size.entries += count;
    size.bytes += byteLength(entry.data) + (count - 1) * shared;
  }
  return size;
}
