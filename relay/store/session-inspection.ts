import type { Cursor } from '#shared/cursor.ts';

/**
 * What a store keeps of a session, for people who look: the demo page draws it. Any driver can tell it; no text of the
 * conversation is in it. Each field holds at one moment, but nobody may decide anything by it: only the answers of the
 * port's operations are for that.
 */
export interface SessionInspection {
  /** Who may write: the fence that the store accepts. All lower ones are shut out for good. */
  fence: number;
  /** The newest entry of the log; `sealedTo` while the log is empty. */
  head: Cursor;
  /** What the transcript stands for: the entries up to here are folded into it. `0-0` while nothing is. */
  sealedTo: Cursor;
  /** Bytes of the transcript in UTF-8. */
  transcriptBytes: number;
  /** When the session expires, ms since the epoch; null while a run is active. */
  expiresAt: number | null;
  /** The store's clock when this was read, ms since the epoch: what `dueAt` and `expiresAt` are to be compared with. */
  now: number;
  /** The active run; null when there is none. */
  run: RunInspection | null;
  /** The log as it is, a row for each fence that has entries in it, lowest fence first. */
  log: FenceInspection[];
  /** Names of the steps of the active run that are in its journal, in no particular order. */
  steps: string[];
}

export interface RunInspection {
  runId: string;
  status: 'queued' | 'started' | 'restarted';
  /** The attempt that the run is in, from 1. Only leases that ran out count. */
  attempt: number;
  /**
   * Why the run waits, or who has it. `nobody`: accepted and not claimed yet. `lease`: `owner` has it until `dueAt`.
   * `hand-over`: a relay that drained gave it back. `retry`: it waits to be tried again.
   */
  holder: 'nobody' | 'lease' | 'hand-over' | 'retry';
  /** The name of the relay that claimed it last; empty before the first claim. */
  owner: string;
  /** How often a relay that drained gave it back. */
  handOvers: number;
  /** When anybody may take the run, ms since the epoch: the end of the lease, if there is one. */
  dueAt: number;
}

export interface FenceInspection {
  fence: number;
  /** How many of its entries the log holds. */
  entries: number;
  /** The lowest and the highest seq among them. */
  first: number;
  last: number;
  /** What its entry 0 says came before; null when that entry is no longer in the log. */
  prev: Cursor | null;
}
