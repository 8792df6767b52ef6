import type { Cursor } from '#shared/cursor.ts';

/**
 * What a store keeps of a session, for people: the demo page draws it. It holds no text of the conversation. No decision
 * may be based on it, since it may be outdated when it arrives; the answers of the port's operations are for that.
 */
export interface SessionInspection {
  /** The fence that the store accepts. Writers with a lower one are refused for good. */
  fence: number;
  /** The newest entry of the log; `sealedTo` while the log is empty. */
  head: Cursor;
  /** The cursor up to which entries are folded into the transcript; `0-0` while none are. */
  sealedTo: Cursor;
  /** Bytes of the transcript in UTF-8. */
  transcriptBytes: number;
  /** When the session expires, ms since the epoch; null while a run is active. */
  expiresAt: number | null;
  /** The store's clock when this was read, ms since the epoch; compare `dueAt` and `expiresAt` with it. */
  now: number;
  /** The active run; null when there is none. */
  run: RunInspection | null;
  /** The log, one item for each fence with entries in it, lowest fence first. */
  log: FenceInspection[];
  /** Names of the steps in the active run's journal, in no particular order. */
  steps: string[];
}

/** An active run. */
export interface RunInspection {
  runId: string;
  status: 'queued' | 'started' | 'restarted';
  /** The current attempt, from 1. */
  attempt: number;
  /**
   * `nobody`: accepted and not claimed yet. `lease`: `owner` holds it until `dueAt`. `hand-over`: a draining relay gave it
   * back. `retry`: it waits for its next attempt.
   */
  holder: 'nobody' | 'lease' | 'hand-over' | 'retry';
  /** The name of the relay that claimed it last; empty before the first claim. */
  owner: string;
  /** How often draining relays gave it back. */
  handOvers: number;
  /** When the run may be claimed, ms since the epoch: the end of its lease or of its delay. */
  dueAt: number;
}

/** The entries under one fence. */
export interface FenceInspection {
  fence: number;
  /** Entries that the log holds. */
  entries: number;
  /** The lowest seq among them. */
  first: number;
  /** The highest seq among them. */
  last: number;
  /** The cursor before its entry 0; null when that entry is no longer in the log. */
  prev: Cursor | null;
}
