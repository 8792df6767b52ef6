import { formatCursor, START, type Cursor } from '#shared/cursor.ts';
import type { ActiveRun } from '#shared/protocol.ts';
import type { BufferedEntries } from './buffered-entries.ts';

/** What the store knows of a session besides its log. Never changed in place, so that a rollback needs no undoing. */
export interface SessionRecord {
  /** Key of the session's row, and of its rows in other tables. */
  readonly key: number;
  readonly fence: number;
  /** seq of the next entry under `fence`; at least 1 once something was written. */
  readonly next: number;
  /** Entries that are still in the write buffer; null when all are in the log. */
  readonly buffered: BufferedEntries | null;
  /** Fence of the last entry that was settled (moved from the write buffer to the log). */
  readonly settledFence: number;
  /** seq of that entry. */
  readonly settledSeq: number;
  /** The active run. */
  readonly run: RunRecord | null;
  /** The claim that ended the last run itself, to answer the same token again. */
  readonly ended: { readonly token: string; readonly reason: EndReason } | null;
  /** The cursor that the transcript stands for. */
  readonly sealedTo: Cursor;
  /** Bytes of the transcript in UTF-8. */
  readonly transcriptBytes: number;
  /** ms since the epoch; null while a run is active, which never expires. */
  readonly expiresAt: number | null;
  /** How often shares were revoked. */
  readonly revoked: number;
}

/** Why a claim ended a run. */
export type EndReason = 'attempts-exhausted' | 'interrupted';

/** What the store knows of an active run. */
export interface RunRecord {
  readonly runId: string;
  /** The end of the log before the run's first entry. */
  readonly before: Cursor;
  readonly status: 'queued' | 'started' | 'restarted';
  /** As the log says; 1 while queued. */
  readonly attempt: number;
  /** `nobody`: not claimed yet. `lease`: claimed; the lease may have expired. Else how it was given back. */
  readonly holder: 'nobody' | 'lease' | 'hand-over' | 'retry';
  /** How often the run was handed over. */
  readonly handOvers: number;
  /** Finished model turns, as the journal says. */
  readonly turns: number;
  /** When the run may be claimed, ms since the epoch: the end of the lease, or of the delay of its release. */
  readonly dueAt: number;
  /** Name of the relay that claimed it last. */
  readonly owner: string;
  /** Token of the claim that made the lease. */
  readonly token: string;
  /** Did that claim reset the half-written reply? */
  readonly reset: boolean;
}

/** The record of a session of which nothing is written yet. */
export function createRecord(key: number): SessionRecord {
  return {
    key,
    fence: 0,
    next: 0,
    buffered: null,
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

/** The end of the log. Every raise of the fence writes an entry, so the log always ends under the newest fence. */
export function headOf(record: SessionRecord): Cursor {
  return record.next === 0 ? START : formatCursor(record.fence, record.next - 1);
}

/** The active run as readers see it. */
export function activeRunOf(record: SessionRecord): ActiveRun | null {
  const { run } = record;
  return run && { runId: run.runId, messageId: run.runId, status: run.status, attempt: run.attempt };
}
