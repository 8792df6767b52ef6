import type { Cursor } from '#shared/cursor.ts';
import type { ActiveRun } from '#shared/protocol.ts';
import type { Logger } from '../util/logger.ts';

/**
 * The port between the write path and the read path. A driver is a factory `(options) => SessionStore`; every driver
 * passes the same conformance suite (`describeStore` in testing/).
 *
 * Rules that hold for every driver; the numbers stand in port-rules.ts:
 * - Every operation is atomic, and durable before it answers.
 * - Only an answer decides. A rejection with `StoreError` means "not known", never "not written". Every operation may be
 *   sent again: one that was written already answers as it did, or says that it finds its work done.
 * - A *fence* is the right to write. `submit`, a successful `claim` and `cancel` raise it (`raiseFence`); every later
 *   write names the fence it is made under, and a fence that is no longer the session's own is refused.
 * - Entries are numbered 0, 1, 2 … within a fence. The store numbers them, and keeps with seq 0 the cursor of the entry
 *   before it (`prev`).
 * - The assistant's message of a run has the run's id.
 *
 * Every operation rejects with a `StoreError` when the store cannot answer (`store-unavailable`), or has no room left
 * for a write (`store-full`). Other rejections are mistakes of the caller.
 */
export interface SessionStore {
  /**
   * Accepts a prompt: writes its entries under a new fence and makes its run due. Idempotent by `messageId`: the same
   * message again answers `same`.
   */
  submit(sessionId: string, input: SubmitInput): Promise<SubmitAnswer>;

  /**
   * Lists runs that are due, and says when to poll next. Changes nothing: several relays may be told of the same run,
   * and `claim` decides.
   *
   * @param limit sessions at most.
   */
  take(limit: number): Promise<TakeAnswer>;

  /**
   * Takes the due run of a session: raises the fence, writes the entry that says so and gives a lease. Idempotent by
   * `token`. A run without attempts left is closed instead.
   */
  claim(sessionId: string, input: ClaimInput): Promise<ClaimAnswer>;

  /** Extends a lease to `leaseMs` from now. Idempotent. */
  renew(sessionId: string, input: { fence: number; leaseMs: number }): Promise<LeaseAnswer>;

  /** Gives a run back before its end: it is due again after `delayMs`. Idempotent. */
  release(sessionId: string, input: ReleaseInput): Promise<LeaseAnswer>;

  /**
   * Adds entries to the log of the active run. Idempotent by fence and seq: entries that are there already are not
   * written again, and an overlap writes only the rest.
   */
  append(sessionId: string, input: AppendInput): Promise<AppendAnswer>;

  /**
   * Adds the last entries of a run, the terminal message at their end, and closes the run, in one write. Idempotent by
   * fence and seq. `input.step` is ignored: a closed run has no journal.
   */
  finish(sessionId: string, input: AppendInput): Promise<AppendAnswer>;

  /** Closes the active run under a new fence with `metadata cancelled`. Idempotent by `token`. */
  cancel(sessionId: string, input: CancelInput): Promise<CancelAnswer>;

  /**
   * Replaces the transcript by a fold that reaches further. `stale`: another relay did so since it was read, or the log
   * that it was read from is no longer there. Sent again it answers `stale`, and has changed nothing.
   */
  seal(sessionId: string, input: SealInput): Promise<'ok' | 'stale'>;

  /**
   * Keeps a visitor's rating of a reply, beside the log: no fence is raised and no cursor moves, so that no run is
   * disturbed. The last rating counts. Followers get the hint `feedback`. Idempotent.
   */
  rate(sessionId: string, input: RateInput): Promise<RateAnswer>;

  /**
   * Revokes every share of the session made so far: raises the counter `revoked` by one. Followers get the hint
   * `unsure`. Sent again it raises the counter again, which revokes nothing more.
   */
  revoke(sessionId: string): Promise<'ok' | 'none' | 'gone'>;

  /** Reads the log after a cursor, or the transcript and the log after it. One consistent view of one moment. */
  read(sessionId: string, input: ReadInput): Promise<ReadAnswer>;

  /** Says where the log ends and which run is active. Cheap: readers poll it to find out whether they missed something. */
  head(sessionId: string): Promise<HeadAnswer>;

  /**
   * Calls `listener` for everything that is written to the session after the promise has resolved. Events are hints:
   * they may be lost or repeated, and the log decides.
   */
  follow(sessionId: string, listener: (event: FollowEvent) => void): Promise<Unfollow>;

  /**
   * Calls `listener` when a run was handed over and is due at once, so that the next relay need not wait for its poll.
   * A hint: it may be lost, or come for nothing.
   */
  followDue(listener: () => void): Promise<Unfollow>;

  /**
   * Stops the run, erases everything and leaves a tombstone: for `TOMBSTONE_LIFETIMES` the session answers `gone`. A
   * session that was never written gets a tombstone too. Idempotent.
   */
  delete(sessionId: string): Promise<void>;

  /** Resolves when the store can be reached and written to. */
  check(): Promise<void>;

  /** Ends connections and subscriptions. Whatever is asked afterwards rejects. Idempotent. */
  close(): Promise<void>;

  /** How often the store wants to be called; not given when calls cost next to nothing. */
  readonly pace?: StorePace;
}

/**
 * What the cost of a call means for code that makes calls regularly. It is part of the port because only the driver knows
 * that cost: a call is a function call in SQLite, a command in Redis, and a request that is counted and billed in Upstash.
 * The relay hands it to its engine as defaults.
 */
export interface StorePace {
  /** How long output is gathered before it is written, in ms. */
  readonly batchMs: number;
  /** Time between two polls for due runs while there is reason to poll, in ms. */
  readonly pollMs: number;
}

/** Options that every driver takes besides its own. */
export interface StoreOptions {
  /** How long a session is kept after its last write, in ms. A session with an active run never expires. */
  ttlMs: number;
  /** Bytes (UTF-8) of a sealed transcript from which on a session takes no more prompts. 8 MiB when not given. */
  maxTranscriptBytes?: number | undefined;
  /** Told what an operator should know: broken connections, failed clean-ups. Nothing is logged when not given. */
  logger?: Logger | undefined;
  /** Draws 20 random bits for each raise of a fence. For tests; `drawFenceBits` when not given. */
  random?: (() => number) | undefined;
}

/** One message of the log as it is stored. */
export interface LogEntry {
  id: Cursor;
  /** The id of the first of several deltas that came merged (`ReadInput.merged`); `id` is then that of the last. */
  from?: Cursor;
  /** With seq 0 only: the cursor of the entry before. */
  prev?: Cursor;
  /** JSON text of the message, without `prev`. */
  data: string;
}

/** A prompt to accept. */
export interface SubmitInput {
  messageId: string;
  /** Hash of whatever must be the same when the same `messageId` comes again. */
  hash: string;
  runId: string;
  /** JSON texts of the messages to write, in order; at least one. */
  entries: string[];
  /** Write only if the log still ends at this cursor (`0-0`: nothing was written yet); else `moved`. Checked last. */
  expect?: Cursor;
  /**
   * Make every check and write nothing. A caller uses it to learn cheaply whether a prompt is refused, before it does
   * what it must do only once for a prompt that is accepted, such as counting it against a limit.
   */
  dryRun?: boolean;
}

/** What became of a prompt. */
export type SubmitAnswer =
  /** Written (or, with `dryRun`, would have been). `cursor` lies just before the first entry. */
  | { kind: 'ok'; cursor: Cursor }
  /** This message was accepted before; the answer it got then. */
  | { kind: 'same'; cursor: Cursor; runId: string }
  /** This message id was used with another hash, or belongs to an assistant's message. */
  | { kind: 'mismatch' }
  /** Another run is active. */
  | { kind: 'active'; runId: string }
  /** The log does not end at `expect`. */
  | { kind: 'moved' }
  /** The transcript has reached `maxTranscriptBytes`: a new session is needed. */
  | { kind: 'full' }
  /** Deleted or expired. */
  | { kind: 'gone' };

/** What becomes of the half-written reply of a run that is claimed again. */
export type Takeover =
  /** It begins anew: `metadata restarted, reset: true, steps: n`, n being the finished model turns, which stay. */
  | { kind: 'restart' }
  /** It is continued, if the log still ends at `head`; else as `restart`. */
  | { kind: 'continue'; head: Cursor }
  /** The run ends and its partial reply is kept: `error interrupted`, `metadata failed`. */
  | { kind: 'fail' };

/** Due runs, and when to poll next. */
export interface TakeAnswer {
  /** Sessions with a due run: queued, released, or with an expired lease. Oldest first. */
  due: string[];
  /**
   * Time until the earliest run that is not due yet becomes due, in ms, at least 1; null when there is none. A duration
   * by the store's clock, so that the caller's clock does not matter. A claim, renewal or release may change it.
   */
  nextDueMs: number | null;
}

/** A claim of a due run. */
export interface ClaimInput {
  /** Fresh for each attempt to claim; the same token again gets the same lease again. */
  token: string;
  /** Name of the relay that holds the lease, for inspection only. */
  owner: string;
  leaseMs: number;
  /** Attempts the run has; afterwards it ends as `attempts-exhausted`. Expired leases and `retry` releases count. */
  maxAttempts: number;
  takeover: Takeover;
}

/** What became of a claim. */
export type ClaimAnswer =
  | { kind: 'lease'; lease: Lease }
  /** Another relay holds the run, or it is not due before `dueAt` (ms since the epoch, the store's clock). */
  | { kind: 'owned'; dueAt: number }
  /** No run is active. */
  | { kind: 'closed' }
  /** No such session, or it is gone. */
  | { kind: 'none' }
  /** The run had no attempts left, or `takeover` was `fail`: it is closed now, `error` and `metadata failed` written. */
  | { kind: 'ended'; reason: 'attempts-exhausted' | 'interrupted' };

/** The right to write, until the fence is raised. */
export interface Lease {
  fence: number;
  runId: string;
  /** From 1. */
  attempt: number;
  /** seq of the next entry. */
  next: number;
  /** The log's end: the entry that the claim wrote. */
  head: Cursor;
  /** Results of the finished steps, by name: JSON texts. */
  journal: Readonly<Record<string, string>>;
  /** Finished model turns, as the last `StepRecord.turns` said. */
  turns: number;
  /** False when the partial reply is continued (`Takeover` `continue`). */
  reset: boolean;
}

/** A run that is given back. */
export interface ReleaseInput {
  fence: number;
  /** Time until the run is due again. */
  delayMs: number;
  /**
   * `hand-over`: planned; the next claim keeps the attempt, up to `MAX_HAND_OVERS` times.
   * `retry`: this attempt failed; the next claim counts one more.
   */
  as: 'hand-over' | 'retry';
}

/** `fenced`: another writer has taken over. `closed`: no run is active. `none`: no such session, or it is gone. */
export type Refusal = { kind: 'fenced' } | { kind: 'closed' } | { kind: 'none' };
/** Whether the lease was valid. */
export type LeaseAnswer = { kind: 'ok' } | Refusal;

/** Entries of the active run, from its writer. */
export interface AppendInput {
  fence: number;
  /** seq of the first entry. */
  seq: number;
  /** JSON texts, in order; may be empty when only a step ends. */
  entries: string[];
  /** A step whose result is journaled with the last of these entries, in the same write. */
  step?: StepRecord;
}

/** A finished step of a run, for its journal. */
export interface StepRecord {
  /** Unique within the run; a step that is in the journal already keeps its first result. */
  name: string;
  /** JSON text. */
  result: string;
  /** Model turns that are finished with this step; unchanged when not given. */
  turns?: number;
}

/** What became of entries. */
export type AppendAnswer =
  /** `next`: the seq that comes next. */
  | { kind: 'ok'; next: number }
  /** Everything was written before. */
  | { kind: 'duplicate'; next: number }
  /** Entries before these are missing (a failover lost them): send again from `next`. */
  | { kind: 'gap'; next: number }
  | Refusal;

/** A cancellation of the active run. */
export interface CancelInput {
  /** Fresh for each cancellation; the same token again gets the same answer again. */
  token: string;
  /** Cancel this run only; whichever run is active when not given. */
  runId?: string;
}

/** `none`: no run is active, or another one than `runId`. */
export type CancelAnswer = { kind: 'ok'; runId: string } | { kind: 'none' } | { kind: 'gone' };

/** A new transcript. */
export interface SealInput {
  /** The cursor that the transcript stood for when it was read (compare-and-set). */
  from: Cursor;
  /** The cursor that this transcript stands for: a terminal message of the log. */
  to: Cursor;
  /** JSON text of the messages. */
  transcript: string;
  /**
   * Entries at and before this cursor may be dropped; never more than the transcript holds. Callers name the cursor before
   * the last finished run, so that a viewer within it gets exactly the rest.
   */
  trimTo: Cursor;
}

/** A rating of a reply. */
export interface RateInput {
  /** Id of the assistant's message, which is its run's id. */
  messageId: string;
  /** JSON text; null takes back the rating. */
  feedback: string | null;
}

/**
 * `unknown`: no prompt of this session was answered by such a run. `active`: that run has not ended. `none`: no such
 * session. `gone`: deleted or expired.
 */
export type RateAnswer = 'ok' | 'unknown' | 'active' | 'none' | 'gone';

/** What to read. */
export interface ReadInput {
  /** Read after this cursor (exclusive); from the transcript on when not given. */
  after?: Cursor;
  /** Entries at most, at least 1; a merged entry counts as many as it was merged from. */
  limit: number;
  /**
   * The reader takes adjacent deltas of one part and one fence as one entry, so that a store that keeps them together
   * need not take them apart. Such a read may end early, after at least one entry: before a page that it would have to
   * cut, and once it has `MERGED_READ_LENGTH` characters.
   */
  merged?: boolean;
}

/** The result of a read. */
export type ReadAnswer =
  /** The log continues exactly after `after`: it is the head, or the first of `entries` follows it. */
  | ({ kind: 'exact'; entries: LogEntry[] } & ReadView)
  /** No cursor, or one that nothing follows: the transcript, the cursor it stands for, and the log after it. */
  | ({ kind: 'snapshot'; transcript: string; feedback: Feedback; cursor: Cursor; entries: LogEntry[] } & ReadView)
  /** Nothing was ever written, or so long ago that even the tombstone has gone. */
  | { kind: 'empty' }
  /** Deleted or expired. */
  | { kind: 'gone' };

/** Ratings by message id, as JSON texts. May hold ratings of messages that an edit has dropped since. */
export type Feedback = Readonly<Record<string, string>>;

interface ReadView {
  /** The end of the log, which may lie after the last of `entries`: read on from there. */
  head: Cursor;
  run: ActiveRun | null;
}

/** The end of the log. */
export type HeadAnswer =
  /** `revoked`: how often shares were revoked; a share made before the last time is no longer valid. */
  | { kind: 'open'; head: Cursor; run: ActiveRun | null; revoked: number }
  /** As of `read`. */
  | { kind: 'empty' }
  | { kind: 'gone' };

/** A hint for followers of a session. */
export type FollowEvent =
  | { kind: 'entries'; entries: LogEntry[] }
  /** A reply was rated. */
  | { kind: 'feedback' }
  /** Deleted or expired. */
  | { kind: 'gone' }
  /** Something may have been missed (a reconnect): read again. */
  | { kind: 'unsure' };

/** Stops calling the listener. Idempotent. */
export type Unfollow = () => void;
