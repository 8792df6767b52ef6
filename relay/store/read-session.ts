import { compareCursors, type Cursor } from '#shared/cursor.ts';
import { withFeedback } from '#shared/feedback.ts';
import {
  isTerminal,
  type ActiveRun,
  type ChatMessage,
  type Frame,
  type MessageFeedback,
  type StreamMessage,
} from '#shared/protocol.ts';
import { boundMessages } from '#shared/fold/bound-depth.ts';
import { SessionFold } from '#shared/fold/session-fold.ts';
import { EMPTY_SESSION, type SessionState } from '#shared/fold/session.ts';
import { createTimeSlice } from '../util/time-slice.ts';
import type { Feedback, LogEntry, SessionStore } from './session-store.ts';
import { StoreError } from './store-error.ts';

/** Entries per read of the store. */
const ENTRIES_PER_READ = 2000;
/** Reads of the store for one session, repeated ones included: 2 million entries, 20 runs of the greatest length. */
const MAX_READS = 1000;

/** A session as it was when its log was read to the end. */
export type SessionView = OpenSession | { kind: 'empty' } | { kind: 'gone' };

/** A session that was neither deleted nor expired. */
export interface OpenSession extends FoldedLog {
  kind: 'open';
  /** The active run, as of the last read. */
  run: ActiveRun | null;
  /** The end of the log, as of the last read. */
  head: Cursor;
  /** Ratings, which are kept beside the log: part of `state`, but not of `finished`, which is sealed. */
  readonly feedback: Feedback;
  /** The whole session, the partial reply of an active run included. */
  readonly state: SessionState;
}

/** A session's transcript with the finished runs of the log folded in, and the unfinished rest of the log as it is. */
export interface FoldedLog {
  /** The transcript of all finished runs, and the cursor it stands for: the last terminal. */
  readonly finished: { readonly messages: readonly ChatMessage[]; readonly cursor: Cursor };
  /** The entries after `finished.cursor`: those of the active run, deltas merged where the store did. */
  readonly unfinished: readonly LogEntry[];
  /** The cursor that the stored transcript stands for. */
  readonly sealed: Cursor;
  /** The cursor just before the first entry of the last finished run; null when no run has ended since `sealed`. */
  readonly lastFinishedFrom: Cursor | null;
}

/** The frame that a client receives for an entry. */
export function toFrame(entry: LogEntry): Frame {
  const message = JSON.parse(entry.data) as StreamMessage;
  return { id: entry.id, message: entry.prev === undefined ? message : { ...message, prev: entry.prev } };
}

/**
 * Reads a whole session, some entries at a time, and serves others in between. When it is sealed and trimmed meanwhile, so that a read does not continue
 * the one before, it starts again from the newer transcript.
 *
 * @throws StoreError `store-unavailable` when the store cannot be reached, or the log cannot be read to its end.
 */
export async function readSession(store: Pick<SessionStore, 'read'>, sessionId: string): Promise<SessionView> {
  const pause = createTimeSlice();
  let fold: LogFold | null = null;
  let feedback: Feedback = {};
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const answer = await store.read(sessionId, {
      ...(fold && { after: fold.cursor }),
      limit: ENTRIES_PER_READ,
      merged: true,
    });
    if (answer.kind === 'empty' || answer.kind === 'gone') return answer;
    if (answer.kind === 'snapshot') {
      fold = new LogFold(answer.transcript, answer.cursor);
      feedback = answer.feedback;
    }
    if (!fold)
      throw new StoreError('store-unavailable', 'the store answered a read from the start without a transcript');
    for (const entry of answer.entries) {
      const turn = pause();
      if (turn) await turn;
      fold.add(entry);
    }
    if (compareCursors(fold.cursor, answer.head) >= 0) return openSession(fold, feedback, answer);
  }
  throw new StoreError('store-unavailable', `the log could not be read to its end in ${MAX_READS} reads`);
}

/** Folds the log of a session onto its transcript. */
export class LogFold {
  readonly sealed: Cursor;
  readonly #fold: SessionFold;
  #finished: FoldedLog['finished'];
  #unfinished: LogEntry[] = [];
  #lastFinishedFrom: Cursor | null = null;

  /** @param transcript JSON text of the messages of the runs that were sealed, and the cursor it stands for. */
  constructor(transcript: string, cursor: Cursor) {
    const messages = boundMessages(JSON.parse(transcript) as ChatMessage[]);
    this.sealed = cursor;
    this.#finished = { messages, cursor };
    this.#fold = new SessionFold({ ...EMPTY_SESSION, messages, cursor });
  }

  /** The cursor up to which the log is folded in. */
  get cursor(): Cursor {
    return this.#fold.cursor;
  }

  /** Folds in the entry that comes next in the log. */
  add(entry: LogEntry): void {
    const frame = toFrame(entry);
    this.#fold.add(frame);
    this.#unfinished.push(entry);
    // A terminal message of another run than the active one ends nothing.
    if (!isTerminalMessage(frame.message) || this.#fold.run) return;
    const { messages, cursor } = this.#fold.state();
    this.#lastFinishedFrom = this.#finished.cursor;
    this.#finished = { messages, cursor };
    this.#unfinished = [];
  }

  /** The fold so far. */
  parts(): FoldedLog {
    const { sealed } = this;
    return {
      finished: this.#finished,
      unfinished: this.#unfinished,
      sealed,
      lastFinishedFrom: this.#lastFinishedFrom,
    };
  }

  /** The state of the whole session: the finished messages, with the unfinished entries folded in. */
  state(): SessionState {
    return this.#fold.state();
  }
}

/** The messages as they are shown, with their ratings. */
export function mergeFeedback(messages: readonly ChatMessage[], feedback: Feedback): readonly ChatMessage[] {
  if (Object.keys(feedback).length === 0) return messages;
  return messages.map((message) => {
    const text = Object.hasOwn(feedback, message.id) ? feedback[message.id] : undefined;
    return text === undefined ? message : withFeedback(message, JSON.parse(text) as MessageFeedback);
  });
}

function openSession(
  fold: LogFold,
  feedback: Feedback,
  { run, head }: { run: ActiveRun | null; head: Cursor },
): OpenSession {
  const state = fold.state();
  const messages = mergeFeedback(state.messages, feedback);
  return { kind: 'open', ...fold.parts(), run, head, feedback, state: { ...state, messages } };
}

function isTerminalMessage(message: StreamMessage): boolean {
  return message.type === 'metadata' && isTerminal(message.status);
}
