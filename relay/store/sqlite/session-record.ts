import { formatCursor, START, type Cursor } from '#shared/cursor.ts';
import type { ActiveRun } from '#shared/protocol.ts';
import type { LivingEntries } from './living-entries.ts';

/** What the store knows of a session besides its log. Never changed in place, so that a rollback needs no undoing. */
export interface SessionRecord {
  /** Of its row, and of all that belongs to it. */
  readonly key: number;
  readonly fence: number;
  /** seq of the next entry under `fence`; at least 1 once something was written. */
  readonly next: number;
  /** Its entries that still lie in the tail; null: all are in the log. */
  readonly tail: LivingEntries | null;
  /** The last entry that was moved to the log. */
  readonly settledFence: number;
  readonly settledSeq: number;
  readonly run: RunRecord | null;
  /** The claim that ended the last run itself. */
  readonly ended: { readonly token: string; readonly reason: EndReason } | null;
  /** The cursor that the transcript stands for. */
  readonly sealedTo: Cursor;
  readonly transcriptBytes: number;
  /** ms since the epoch; null while a run is active, which never expires. */
  readonly expiresAt: number | null;
  /** How often shares were revoked. */
  readonly revoked: number;
}

export type EndReason = 'attempts-exhausted' | 'interrupted';

export interface RunRecord {
  readonly runId: string;
  /** Where the log ended before the run's first entry. */
  readonly before: Cursor;
  readonly status: 'queued' | 'started' | 'restarted';
  /** As the log says; 1 while queued. */
  readonly attempt: number;
  /** Nobody yet; somebody, who may have let the lease run out; or who gave it back, and how. */
  readonly holder: 'nobody' | 'lease' | 'hand-over' | 'retry';
  readonly handOvers: number;
  /** Finished model turns, as the journal says. */
  readonly turns: number;
  readonly dueAt: number;
  readonly owner: string;
  /** Of the claim that made the lease. */
  readonly token: string;
  /** Did that claim reset the half-written reply? */
  readonly reset: boolean;
}

/** A session of which nothing is written yet. */
export function createRecord(key: number): SessionRecord {
  return {
    key,
    fence: 0,
    next: 0,
    tail: null,
    settledFence: 0,
    settledSeq: 0,
    run: null,
    ended: null,
    sealedTo: START,
    transcriptBytes: 0,
    expiresAt: null,
    revoked: 0,
  };
}

/** Every raise of the fence writes an entry at once, so the log always ends under the newest fence. */
export function headOf(record: SessionRecord): Cursor {
  return record.next === 0 ? START : formatCursor(record.fence, record.next - 1);
}

export function activeRunOf(record: SessionRecord): ActiveRun | null {
  const { run } = record;
  return run && { runId: run.runId, messageId: run.runId, status: run.status, attempt: run.attempt };
}
