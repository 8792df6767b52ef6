import type { Received } from '../client/viewer.ts';
import { compareCursors, follows, isTerminal, START } from '../client/wire.ts';

export type SnapshotRule = 'any' | 'first' | 'withdrawing';

/**
 * What is wrong with what one viewer saw, as sentences; empty when every connection brought exactly what follows the
 * cursor it was made with, each message once, and each run one terminal message and nothing after it.
 *
 * `snapshots: 'first'` allows a snapshot only to a viewer that had nothing yet: right for one whose cursor never lies
 * before the last finished run. `withdrawing` is for a store that may lose its latest entries: a snapshot then takes back
 * what was seen, an end included, in the middle of a connection too.
 */
export function checkHistory(received: readonly Received[], { snapshots }: { snapshots: SnapshotRule }): string[] {
  const violations: string[] = [];
  const terminals = new Map<string, string>();
  for (const { frame, connection, position, at } of received) {
    const where = `${frame.id} (${frame.message.type}) at ${at}, frame ${position} of connection ${connection}`;
    if (frame.message.type === 'snapshot' && snapshots === 'withdrawing') {
      terminals.clear();
      continue;
    }
    if (frame.message.type === 'snapshot') {
      if (snapshots === 'first' && at !== START) violations.push(`an unasked snapshot: ${where}`);
      if (position > 0) violations.push(`a snapshot in the middle of a connection: ${where}`);
      if (compareCursors(frame.id, at) < 0) violations.push(`a snapshot older than what was seen: ${where}`);
      continue;
    }
    if (!follows(at, frame)) {
      const kind = compareCursors(frame.id, at) <= 0 ? 'a repetition' : 'a gap';
      violations.push(`${kind}: ${where}, prev ${frame.message.prev ?? '–'}, from ${frame.message.from ?? '–'}`);
      continue;
    }
    const runId = frame.message.runId ?? '';
    const ended = terminals.get(runId);
    if (ended !== undefined) violations.push(`after the terminal message ${ended}: ${where}`);
    if (isTerminal(frame)) terminals.set(runId, frame.id);
  }
  return violations;
}

/** Everybody who saw the entry with one id saw the same message: no two histories. */
export function checkAgreement(viewers: readonly (readonly Received[])[]): string[] {
  const seen = new Map<string, string>();
  const violations: string[] = [];
  for (const received of viewers) {
    for (const { frame } of received) {
      // Merged frames differ in how much they hold, and the snapshot of a cursor stands for what lies before it.
      if (frame.message.from !== undefined || frame.message.type === 'snapshot') continue;
      const text = JSON.stringify(frame.message);
      const other = seen.get(frame.id);
      if (other === undefined) seen.set(frame.id, text);
      else if (other !== text) violations.push(`two messages with the id ${frame.id}: ${other} and ${text}`);
    }
  }
  return violations;
}
