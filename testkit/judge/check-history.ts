import type { Received } from '../client/viewer.ts';
import { compareCursors, follows, isTerminal, START } from '../client/wire.ts';

/**
 * When a viewer may get a snapshot. `first`: only when it had no cursor, which is right when its cursor never lies
 * before the last finished run. `any`: at the beginning of any connection. `withdrawing`: also in the middle of one,
 * where the store may lose its latest entries; the snapshot then takes back what was seen, terminal messages included.
 */
export type SnapshotRule = 'any' | 'first' | 'withdrawing';

/**
 * Judges what one viewer got, one sentence for each violation: every connection brings exactly what follows its cursor,
 * each message once, and nothing after a run's terminal message.
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

/** Judges whether all viewers got the same message under the same id: there are no two histories. */
export function checkAgreement(viewers: readonly (readonly Received[])[]): string[] {
  const seen = new Map<string, string>();
  const violations: string[] = [];
  for (const received of viewers) {
    for (const { frame } of received) {
      // Merged frames hold more or less for each viewer, and a snapshot has the id of the last entry that it replaces.
      if (frame.message.from !== undefined || frame.message.type === 'snapshot') continue;
      const text = JSON.stringify(frame.message);
      const other = seen.get(frame.id);
      if (other === undefined) seen.set(frame.id, text);
      else if (other !== text) violations.push(`two messages with the id ${frame.id}: ${other} and ${text}`);
    }
  }
  return violations;
}
