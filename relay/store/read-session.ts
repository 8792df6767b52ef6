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
import { EMPTY_SESSION, reduceAll, type SessionState } from '#shared/fold/session.ts';
import type { Feedback, LogEntry, SessionStore } from './session-store.ts';
import { StoreError } from './store-error.ts';

/** Entries per read of the store. */
const ENTRIES_PER_READ = 2000;
/** Reads of the store for one session, repeated ones included: 2 million entries, 20 runs of the greatest length. */
const MAX_READS = 1000;

/** A session as it was when its log was read to the end. */
export type SessionView = OpenSession | { kind: 'empty' } | { kind: 'gone' };

/** A session that was neither deleted nor expired. */
export interface OpenSession extends SessionFold {
  kind: 'open';
  /** The active run, as of the last read. */
  run: ActiveRun | null;
  /** The end of the log, as of the last read. */
  head: Cursor;
  /** Ratings, which are kept beside the log: part of `state`, but not of `finished`, which is sealed. */
  readonly feedback: Feedback;
  /** The whole session, the partial reply of an active run included. Folded on first use. */
  readonly state: SessionState;
}

/** A session's transcript with the finished runs of the log folded in, and the unfinished rest of the log as it is. */
export interface SessionFold {
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
 * Reads a whole session, some entries at a time. When it is sealed and trimmed meanwhile, so that a read does not continue
 * the one before, it starts again from the newer transcript.
 *
 * @throws StoreError `store-unavailable` when the store cannot be reached, or the log cannot be read to its end.
 */
export async function readSession(store: Pick<SessionStore, 'read'>, sessionId: string): Promise<SessionView> {
  let fold: SessionFold | null = null;
  let feedback: Feedback = {};
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const answer = await store.read(sessionId, {
      ...(fold && { after: endOf(fold) }),
      limit: ENTRIES_PER_READ,
      merged: true,
    });
    if (answer.kind === 'empty' || answer.kind === 'gone') return answer;
    if (answer.kind === 'snapshot') {
      fold = startFold(answer.transcript, answer.cursor);
      feedback = answer.feedback;
    }
    if (!fold)
      throw new StoreError('store-unavailable', 'the store answered a read from the start without a transcript');
    fold = foldEntries(fold, answer.entries);
    if (compareCursors(endOf(fold), answer.head) >= 0) return openSession(fold, feedback, answer);
  }
  throw new StoreError('store-unavailable', `the log could not be read to its end in ${MAX_READS} reads`);
}

/** The fold of a transcript alone. @param transcript JSON text of its messages. */
export function startFold(transcript: string, cursor: Cursor): SessionFold {
  const messages = boundMessages(JSON.parse(transcript) as ChatMessage[]);
  return { finished: { messages, cursor }, unfinished: [], sealed: cursor, lastFinishedFrom: null };
}

/** The fold with the entries that come next in the log. */
export function foldEntries(fold: SessionFold, entries: readonly LogEntry[]): SessionFold {
  let { finished, lastFinishedFrom } = fold;
  let unfinished = [...fold.unfinished];
  for (const entry of entries) {
    unfinished.push(entry);
    if (!isTerminalEntry(entry)) continue;
    const state = foldUnfinished({ finished, unfinished });
    // A terminal message of another run than the active one ends nothing.
    if (state.run) continue;
    lastFinishedFrom = finished.cursor;
    finished = { messages: state.messages, cursor: state.cursor };
    unfinished = [];
  }
  return { ...fold, finished, unfinished, lastFinishedFrom };
}

/** The state of the whole session: the finished messages, with the unfinished entries folded in. */
export function foldUnfinished({ finished, unfinished }: Pick<SessionFold, 'finished' | 'unfinished'>): SessionState {
  return reduceAll({ ...EMPTY_SESSION, ...finished }, unfinished.map(toFrame));
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
      const folded = foldUnfinished(fold);
      return (state = { ...folded, messages: mergeFeedback(folded.messages, feedback) });
    },
  };
}

/** The cursor up to which the fold has read the log. */
function endOf({ finished, unfinished }: SessionFold): Cursor {
  return unfinished.at(-1)?.id ?? finished.cursor;
}

const CHUNK_START = '{"type":"chunk"';

function isTerminalEntry(entry: LogEntry): boolean {
  // Most entries are chunks, which end nothing: they need not be parsed.
  if (entry.data.slice(0, CHUNK_START.length) === CHUNK_START) return false;
  const { message } = toFrame(entry);
  return message.type === 'metadata' && isTerminal(message.status);
}
