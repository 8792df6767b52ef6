import { compareCursors, type Cursor } from '#shared/cursor.ts';
import { isTerminal, type ActiveRun, type ChatMessage, type Frame, type StreamMessage } from '#shared/protocol.ts';
import { EMPTY_SESSION, reduceAll, type SessionState } from '#shared/session.ts';
import type { LogEntry, SessionStore } from './session-store.ts';
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
}

/** A session's transcript with what of the log comes after it folded in. */
export interface SessionFold {
  /** All of it, the partial reply of an active run included. */
  readonly state: SessionState;
  /** The transcript of all finished runs, and the cursor it stands for: the last terminal. */
  readonly finished: { readonly messages: readonly ChatMessage[]; readonly cursor: Cursor };
  /** The entries after `finished.cursor`: those of the active run. */
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
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await store.read(sessionId, fold ? { after: fold.state.cursor, limit: PAGE } : { limit: PAGE });
    if (answer.kind === 'empty' || answer.kind === 'gone') return answer;
    if (answer.kind === 'snapshot') fold = startFold(answer.transcript, answer.cursor);
    if (!fold) throw new StoreError('store-unavailable', 'The store answered a reading from the start without a transcript.');
    fold = foldEntries(fold, answer.entries);
    if (compareCursors(fold.state.cursor, answer.head) >= 0) {
      return { kind: 'open', ...fold, run: answer.run, head: answer.head };
    }
  }
  throw new StoreError('store-unavailable', `The log could not be read to its end in ${MAX_PAGES} pages.`);
}

/** The fold of a stored transcript: JSON text of its messages. */
export function startFold(transcript: string, cursor: Cursor): SessionFold {
  const messages = JSON.parse(transcript) as ChatMessage[];
  return {
    state: { ...EMPTY_SESSION, messages, cursor },
    finished: { messages, cursor },
    tail: [],
    sealed: cursor,
    lastFinishedFrom: null,
  };
}

/** Folds the entries that come next in the log. */
export function foldEntries(fold: SessionFold, entries: readonly LogEntry[]): SessionFold {
  let { finished, lastFinishedFrom } = fold;
  let { state } = fold;
  // The tail begins with the first entry of the active run, so its `prev` is the cursor just before that run.
  const tail = [...fold.tail];
  let pending: Frame[] = [];
  for (const entry of entries) {
    const frame = toFrame(entry);
    pending.push(frame);
    tail.push(entry);
    if (frame.message.type !== 'metadata' || !isTerminal(frame.message.status)) continue;
    state = reduceAll(state, pending);
    pending = [];
    if (state.run) continue;
    lastFinishedFrom = finished.cursor;
    finished = { messages: state.messages, cursor: state.cursor };
    tail.length = 0;
  }
  state = reduceAll(state, pending);
  return { ...fold, state, finished, tail, lastFinishedFrom };
}
