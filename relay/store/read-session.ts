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
import { EMPTY_SESSION, reduceAll, type SessionState } from '#shared/fold/session.ts';
import type { Feedback, LogEntry, SessionStore } from './session-store.ts';
import { StoreError } from './store-error.ts';

/** Entries a page. */
const PAGE = 2000;
/** Pages of one reading, those that were read in vain included: 2 million entries, 20 runs of the greatest length. */
const MAX_PAGES = 1000;

export type SessionView = OpenSession | { kind: 'empty' } | { kind: 'gone' };

export interface OpenSession extends SessionFold {
  kind: 'open';
  /** The active run and the end of the log, as the store named them with the last page. */
  run: ActiveRun | null;
  head: Cursor;
  /** Kept beside the log: in `state`, and in no message of `finished`, from which the transcript is sealed. */
  readonly feedback: Feedback;
  /** All of it, the partial reply of an active run included. Folded when it is first asked for. */
  readonly state: SessionState;
}

/** A session's transcript with the finished runs that come after it in the log folded in, and the rest as it is. */
export interface SessionFold {
  /** The transcript of all finished runs, and the cursor it stands for: the last terminal. */
  readonly finished: { readonly messages: readonly ChatMessage[]; readonly cursor: Cursor };
  /** The entries after `finished.cursor`: those of the active run, deltas merged where the store did. */
  readonly tail: readonly LogEntry[];
  /** The cursor that the stored transcript stands for. */
  readonly sealed: Cursor;
  /** The cursor just before the first entry of the last finished run; null when no run has ended since `sealed`. */
  readonly lastFinishedFrom: Cursor | null;
}

export function toFrame(entry: LogEntry): Frame {
  const message = JSON.parse(entry.data) as StreamMessage;
  return { id: entry.id, message: entry.prev === undefined ? message : { ...message, prev: entry.prev } };
}

/**
 * Reads all of a session, page by page. When it is sealed and trimmed meanwhile, so that a page does not continue
 * the one before, it starts anew from the newer transcript.
 *
 * @throws {StoreError} `store-unavailable`: the store cannot be reached, or its log cannot be read to its end.
 */
export async function readSession(store: Pick<SessionStore, 'read'>, sessionId: string): Promise<SessionView> {
  let fold: SessionFold | null = null;
  let feedback: Feedback = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await store.read(sessionId, { ...(fold && { after: endOf(fold) }), limit: PAGE, merged: true });
    if (answer.kind === 'empty' || answer.kind === 'gone') return answer;
    if (answer.kind === 'snapshot') {
      fold = startFold(answer.transcript, answer.cursor);
      feedback = answer.feedback;
    }
    if (!fold)
      throw new StoreError('store-unavailable', 'The store answered a reading from the start without a transcript.');
    fold = foldEntries(fold, answer.entries);
    if (compareCursors(endOf(fold), answer.head) >= 0) return openSession(fold, feedback, answer);
  }
  throw new StoreError('store-unavailable', `The log could not be read to its end in ${MAX_PAGES} pages.`);
}

/** The fold of a stored transcript: JSON text of its messages. */
export function startFold(transcript: string, cursor: Cursor): SessionFold {
  const messages = JSON.parse(transcript) as ChatMessage[];
  return { finished: { messages, cursor }, tail: [], sealed: cursor, lastFinishedFrom: null };
}

/** Takes in the entries that come next in the log. */
export function foldEntries(fold: SessionFold, entries: readonly LogEntry[]): SessionFold {
  let { finished, lastFinishedFrom } = fold;
  let tail = [...fold.tail];
  for (const entry of entries) {
    tail.push(entry);
    if (!isTerminalEntry(entry)) continue;
    const state = foldTail({ finished, tail });
    // A terminal of another run than the active one ends nothing.
    if (state.run) continue;
    lastFinishedFrom = finished.cursor;
    finished = { messages: state.messages, cursor: state.cursor };
    tail = [];
  }
  return { ...fold, finished, tail, lastFinishedFrom };
}

/** The state that the whole folds to. */
export function foldTail({ finished, tail }: Pick<SessionFold, 'finished' | 'tail'>): SessionState {
  return reduceAll({ ...EMPTY_SESSION, ...finished }, tail.map(toFrame));
}

/** The messages as they are shown. */
export function mergeFeedback(messages: readonly ChatMessage[], feedback: Feedback): readonly ChatMessage[] {
  if (Object.keys(feedback).length === 0) return messages;
  return messages.map((message) => {
    const text = Object.hasOwn(feedback, message.id) ? feedback[message.id] : undefined;
    return text === undefined ? message : withFeedback(message, JSON.parse(text) as MessageFeedback);
  });
}

function openSession(
  fold: SessionFold,
  feedback: Feedback,
  view: { run: ActiveRun | null; head: Cursor },
): OpenSession {
  const { run, head } = view;
  let state: SessionState | undefined;
  return {
    kind: 'open',
    ...fold,
    run,
    head,
    feedback,
    get state() {
      if (state) return state;
      const folded = foldTail(fold);
      return (state = { ...folded, messages: mergeFeedback(folded.messages, feedback) });
    },
  };
}

function endOf({ finished, tail }: SessionFold): Cursor {
  return tail.at(-1)?.id ?? finished.cursor;
}

const CHUNK_START = '{"type":"chunk"';

function isTerminalEntry(entry: LogEntry): boolean {
  // By far most entries are chunks, and those need not be parsed to know that they end nothing.
  if (entry.data.slice(0, CHUNK_START.length) === CHUNK_START) return false;
  const { message } = toFrame(entry);
  return message.type === 'metadata' && isTerminal(message.status);
}
