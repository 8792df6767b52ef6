import type { Cursor } from '#shared/cursor.ts';
import type { ActiveRun } from '#shared/protocol.ts';

/**
 * The one port between the write path and the read path. A driver is a factory `(options) => SessionStore`; every
 * driver passes the same conformance suite (conformance/).
 *
 * Rules that hold for each driver:
 * - Every operation is atomic and durable before it answers.
 * - Only an answer decides. A rejected promise (`StoreError`) means 'not known', never 'not written': each writing
 *   operation may be sent again, and answers as it would have the first time.
 * - Whoever writes after `submit` names the fence it writes under; a fence that is no longer the session's own is
 *   refused. `submit`, a successful `claim` and `cancel` raise the fence:
 *   `fence = max(previous fence, the store's clock in ms) + 1 + 20 random bits`: see raise-fence.ts.
 * - Entries are numbered 0, 1, 2 … within a fence. The store numbers them, and keeps with seq 0 the cursor of the
 *   entry before it (`prev`).
 * - The assistant's message of a run bears the run's id.
 */
export interface SessionStore {
  /** Accepts a prompt: writes its entries under a new fence and makes its run due. Idempotent by `messageId`. */
  submit(sessionId: string, input: SubmitInput): Promise<SubmitAnswer>;
  /** Looks for runs that are due, and for when to look again; changes nothing. */
  take(limit: number): Promise<TakeAnswer>;
  /** Takes the due run of a session, raises the fence and writes the entry that says so. Idempotent by `token`. */
  claim(sessionId: string, input: ClaimInput): Promise<ClaimAnswer>;
  /** Keeps a lease for another `leaseMs` from now. */
  renew(sessionId: string, input: { fence: number; leaseMs: number }): Promise<LeaseAnswer>;
  /** Gives the run back: due after `delayMs`. */
  release(sessionId: string, input: ReleaseInput): Promise<LeaseAnswer>;
  /** Adds entries to the log of the active run. */
  append(sessionId: string, input: AppendInput): Promise<AppendAnswer>;
  /** Adds the last entries of a run, the terminal message at their end, and closes the run, in one go. */
  finish(sessionId: string, input: AppendInput): Promise<AppendAnswer>;
  /** Closes the active run under a new fence with `metadata cancelled`. Idempotent by `token`. */
  cancel(sessionId: string, input: CancelInput): Promise<CancelAnswer>;
  /** Replaces the transcript by a fold that reaches further, if nobody else has done so since it was read. */
  seal(sessionId: string, input: SealInput): Promise<'ok' | 'stale'>;
  /**
   * Keeps what a visitor thinks of a reply, beside the log: no fence is raised and no cursor moves, so that it disturbs
   * no run. The last word counts; followers get a hint.
   */
  rate(sessionId: string, input: RateInput): Promise<RateAnswer>;
  /** Revokes what was shared of the session until now: raises `revoked` by one. Followers get the hint `unsure`. */
  revoke(sessionId: string): Promise<'ok' | 'none' | 'gone'>;
  /** The log after a cursor, or the transcript and what follows it; one consistent view. */
  read(sessionId: string, input: ReadInput): Promise<ReadAnswer>;
  /** Where the log ends. Cheap: a quiet reader compares it with its own cursor. */
  head(sessionId: string): Promise<HeadAnswer>;
  /**
   * Calls `listener` for everything written to the session from when the promise resolves on. A hint only: events
   * may be lost or come twice, and the log decides.
   */
  follow(sessionId: string, listener: (event: FollowEvent) => void): Promise<Unfollow>;
  /**
   * Calls `listener` when a run was handed over and is due at once, from when the promise resolves on: nobody need wait
   * for the next look to take it. A hint only, which may be lost, or come for nothing.
   */
  followDue(listener: () => void): Promise<Unfollow>;
  /** Stops the run, erases everything, leaves a tombstone. Idempotent; a session never written gets one too. */
  delete(sessionId: string): Promise<void>;
  /** Resolves when the store can be reached and written to; rejects with a `StoreError` otherwise. */
  check(): Promise<void>;
  close(): Promise<void>;
  /** How often it likes to be asked, where each operation is a request of its own; not given where it does not mind. */
  readonly pace?: StorePace;
}

export interface StorePace {
  /** What a run emits is gathered for so many ms before it is written. */
  readonly batchMs: number;
  /** Due runs are looked for so often, in ms, while there is reason to; see `RunnerOptions.pollMs`. */
  readonly pollMs: number;
}

/** One message of the log as it is kept: `data` is its JSON text, without `prev`. */
export interface LogEntry {
  id: Cursor;
  /** Of deltas that came merged (`ReadInput.merged`) alone: the id of the first, while `id` is that of the last. */
  from?: Cursor;
  /** With seq 0 only: the cursor of the entry before. */
  prev?: Cursor;
  data: string;
}

export interface SubmitInput {
  messageId: string;
  /** Of what must be the same when the same `messageId` comes again. */
  hash: string;
  runId: string;
  /** JSON texts of the messages to write, in order; at least one. */
  entries: string[];
  /** Only if the log still ends here (`0-0`: nothing was written yet); else `moved`. Checked last. */
  expect?: Cursor;
  /** Make every check, but write nothing. */
  dryRun?: boolean;
}

export type SubmitAnswer =
  /** Written (or, with `dryRun`, would have been). `cursor` lies just before the first entry. */
  | { kind: 'ok'; cursor: Cursor }
  /** This message was accepted before; what was answered then. */
  | { kind: 'same'; cursor: Cursor; runId: string }
  /** This message id was used with another hash, or is that of an assistant's message. */
  | { kind: 'mismatch' }
  | { kind: 'active'; runId: string }
  | { kind: 'moved' }
  /** The transcript is at the store's bound (`maxTranscriptBytes`): a new session is needed. */
  | { kind: 'full' }
  | { kind: 'gone' };

/** What becomes of the half-written reply of a run that is claimed again. */
export type Takeover =
  /** `metadata restarted, reset: true, steps: n`; n = model turns the journal says are finished. */
  | { kind: 'restart' }
  /** As `restart` but without `reset` if the log still ends at `head`; else as `restart`. */
  | { kind: 'continue'; head: Cursor }
  /** `error interrupted`, `metadata failed`: the run ends, its partial kept. */
  | { kind: 'fail' };

export interface TakeAnswer {
  /** Sessions with a run that is due: queued, released, or with a lease that ran out. Oldest first, `limit` at most. */
  due: string[];
  /**
   * In how many ms the earliest of all runs that are not due yet will be, unless somebody claims, renews or releases one
   * meanwhile; at least 1. Null when there is none. A duration by the store's clock, so that nobody's own matters.
   */
  nextDueMs: number | null;
}

export interface ClaimInput {
  /** Fresh for each attempt to claim; the same token again gets the same lease again. */
  token: string;
  /** Who holds the lease; for people who look. */
  owner: string;
  leaseMs: number;
  /** Leases that may run out, plus releases that count, before the run ends as `attempts-exhausted`. */
  maxAttempts: number;
  takeover: Takeover;
}

export type ClaimAnswer =
  | { kind: 'lease'; lease: Lease }
  /** Somebody else holds it, or it is not due before `dueAt` (ms since the epoch, the store's clock). */
  | { kind: 'owned'; dueAt: number }
  /** No run is active. */
  | { kind: 'closed' }
  | { kind: 'none' }
  /** The run had no attempts left (or `takeover` was `fail`): it is closed now, `error` and `metadata failed` written. */
  | { kind: 'ended'; reason: 'attempts-exhausted' | 'interrupted' };

/** The right to write, until the fence is raised. */
export interface Lease {
  fence: number;
  runId: string;
  /** 1 at first; counts leases that ran out and releases that count. */
  attempt: number;
  /** seq of the next entry. */
  next: number;
  /** The log's end: the entry that the claim wrote. */
  head: Cursor;
  /** Results of the steps that have finished, by name: JSON texts. */
  journal: Readonly<Record<string, string>>;
  /** Finished model turns, as `StepRecord.turns` said last. */
  turns: number;
  /** False after a takeover by `continue`: the partial reply stands. */
  reset: boolean;
}

export interface ReleaseInput {
  fence: number;
  delayMs: number;
  /**
   * `hand-over`: a planned one; the next claim keeps the attempt (10 times at most, then it counts).
   * `retry`: this attempt failed; the next claim counts one more.
   */
  as: 'hand-over' | 'retry';
}

/** `fenced`: somebody else has the right to write by now. `closed`: no run is active. `none`: no such session. */
export type Refusal = { kind: 'fenced' } | { kind: 'closed' } | { kind: 'none' };
export type LeaseAnswer = { kind: 'ok' } | Refusal;

export interface AppendInput {
  fence: number;
  /** Of the first entry. */
  seq: number;
  /** JSON texts, in order; may be empty when only a step ends. */
  entries: string[];
  /** A step that ends with the last of these entries. */
  step?: StepRecord;
}

export interface StepRecord {
  name: string;
  /** JSON text. */
  result: string;
  /** How many model turns are finished with this step; kept as it was when not given. */
  turns?: number;
}

export type AppendAnswer =
  /** `next`: the seq that comes next. */
  | { kind: 'ok'; next: number }
  /** All of it was written before. */
  | { kind: 'duplicate'; next: number }
  /** Entries before these are missing (a failover lost them): send again from `next`. */
  | { kind: 'gap'; next: number }
  | Refusal;

export interface CancelInput {
  token: string;
  /** Only this run; else whichever is active. */
  runId?: string;
}

export type CancelAnswer = { kind: 'ok'; runId: string } | { kind: 'none' } | { kind: 'gone' };

export interface SealInput {
  /** The cursor that the transcript stood for when it was read. */
  from: Cursor;
  /** The cursor that this one stands for: a terminal message of this log. Of another, that a store has lost since, nothing is sealed. */
  to: Cursor;
  /** JSON text of the messages. */
  transcript: string;
  /** Entries at and before this cursor may be dropped: the one before the first entry of the last finished run. */
  trimTo: Cursor;
}

export interface RateInput {
  /** Of the assistant's message, which is its run's id. */
  messageId: string;
  /** JSON text; null takes back what was kept. */
  feedback: string | null;
}

/**
 * `unknown`: no prompt of this session was answered by such a run. `active`: that run has not ended. `none`, `gone`: of
 * the session.
 */
export type RateAnswer = 'ok' | 'unknown' | 'active' | 'none' | 'gone';

/** What a reading of merged entries takes in memory, about: who reads asks for many, and a page may be as long as 32 Ki. */
export const MERGED_READ_LENGTH = 262_144;

export interface ReadInput {
  /** Exclusive. Not given: from the transcript on. */
  after?: Cursor;
  /** Entries at most, at least 1; merged ones count as so many as they were. */
  limit: number;
  /**
   * Adjacent deltas of one part and one fence may come as one entry, for readers to whom it makes no difference: a
   * store that keeps them together need not take them apart. So it may give fewer entries than asked for, at least one:
   * it ends before a page that it would have to cut, and once it has `MERGED_READ_LENGTH` characters.
   */
  merged?: boolean;
}

export type ReadAnswer =
  /** `after` continues exactly: it is the head, or the first of `entries` follows it. */
  | ({ kind: 'exact'; entries: LogEntry[] } & ReadView)
  /** No cursor, or one that nothing follows: the transcript, the cursor it stands for, and what comes after it. */
  | ({ kind: 'snapshot'; transcript: string; feedback: Feedback; cursor: Cursor; entries: LogEntry[] } & ReadView)
  /** Nothing was ever written, or it is so long ago that even the tombstone has gone. */
  | { kind: 'empty' }
  /** Deleted or expired. */
  | { kind: 'gone' };

/** What was kept by `rate` and not taken back: JSON texts by message id, those of messages dropped since included. */
export type Feedback = Readonly<Record<string, string>>;

interface ReadView {
  /** The end of the log, which may lie after the last of `entries`: read on from there. */
  head: Cursor;
  run: ActiveRun | null;
}

export type HeadAnswer =
  /** `revoked`: how often shares were revoked; one that was made before the last time is no good any more. */
  { kind: 'open'; head: Cursor; run: ActiveRun | null; revoked: number } | { kind: 'empty' } | { kind: 'gone' };

export type FollowEvent =
  | { kind: 'entries'; entries: LogEntry[] }
  /** Something was rated. */
  | { kind: 'feedback' }
  /** Deleted or expired. */
  | { kind: 'gone' }
  /** Something may have been missed (a reconnect): read again. */
  | { kind: 'unsure' };

export type Unfollow = () => void;
