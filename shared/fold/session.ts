import { START, type Cursor } from '../cursor.ts';
import { boundChunk, boundMessages } from './bound-depth.ts';
import { foldChunk } from './fold-chunk.ts';
import { keepUpTo } from './keep-up-to.ts';
import { mergeMetadata } from './merge-metadata.ts';
import {
  isTerminal,
  type ActiveRun,
  type ChatChunk,
  type ChatMessage,
  type Frame,
  type MetadataMessage,
  type RunMetadata,
  type StreamMessage,
} from '../protocol.ts';
import { closeReply, EMPTY_REPLY, keepSteps, type Reply } from './reply.ts';

/** The state of a session: the fold of its log up to `cursor`. Immutable; unchanged parts are shared between states. */
export interface SessionState {
  readonly messages: readonly ChatMessage[];
  /** The active run. Null when there is none, and after a snapshot until the entries of the active run arrive. */
  readonly run: ActiveRun | null;
  /** The id of the last frame folded in. */
  readonly cursor: Cursor;
  /** Internal to the fold: the reply being written, which is also the last of `messages`. */
  readonly reply: Reply | null;
}

/** A session whose log is empty. */
export const EMPTY_SESSION: SessionState = { messages: [], run: null, cursor: START, reply: null };

/**
 * Folds one more frame into the state. The frame must follow `state.cursor` (see `follows`); a snapshot follows anything.
 * Pure, and never throws on a frame that fits the schema. Entries of a run that is not active, and messages of an unknown
 * type, move the cursor only.
 *
 * @example
 * let state = EMPTY_SESSION;
 * for (const frame of frames) state = reduce(state, frame);
 */
export function reduce(state: SessionState, frame: Frame): SessionState {
  const next = fold(state, frame.message);
  return { ...next, cursor: frame.id };
}

/** `frames.reduce(reduce, state)`, but the input of a tool call that came in many deltas is parsed once, not per delta. */
export function reduceAll(state: SessionState, frames: Iterable<Frame>): SessionState {
  let next = state;
  let held: Frame | null = null;
  for (const frame of frames) {
    const joined: Frame | null = held && joinInputDeltas(held, frame);
    if (held && !joined) next = reduce(next, held);
    held = joined ?? frame;
  }
  return held ? reduce(next, held) : next;
}

function fold(state: SessionState, message: StreamMessage): SessionState {
  switch (message.type) {
    case 'snapshot':
      return { messages: boundMessages(message.messages), run: null, cursor: state.cursor, reply: null };
    case 'message': {
      const kept = keepUpTo(state.messages, message.parentId);
      const { runId } = message;
      return {
        messages: [...kept, ...boundMessages([message.message])],
        run: { runId, messageId: runId, status: 'queued', attempt: 1 },
        cursor: state.cursor,
        reply: null,
      };
    }
    case 'metadata':
      return message.status === 'queued' ? foldQueued(state, message) : foldStatus(state, message);
    case 'chunk': {
      if (!state.reply || state.run?.runId !== message.runId) return state;
      const chunk = boundChunk(message.chunk);
      const reply = foldChunk(state.reply, chunk);
      const added = metadataOf(chunk);
      if (reply === state.reply && added === undefined) return state;
      return withReply(state, reply, (metadata) => mergeMetadata(metadata, added));
    }
    case 'error':
      if (!state.reply || state.run?.runId !== message.runId) return state;
      return withReply(state, state.reply, ({ run, ...rest }) => ({
        ...rest,
        ...(run ? { run: { ...run, problem: message.problem } } : {}),
      }));
    default:
      return state;
  }
}

/** A regenerate was accepted. */
function foldQueued(state: SessionState, message: MetadataMessage): SessionState {
  return {
    messages: keepUpTo(state.messages, message.parentId),
    run: toRun(message),
    cursor: state.cursor,
    reply: null,
  };
}

/** The active run was started, restarted, or has ended. */
function foldStatus(state: SessionState, message: MetadataMessage): SessionState {
  if (state.run?.runId !== message.runId) return state;
  const { status } = message;

  if (isTerminal(status)) {
    const ended = { ...state, run: null, reply: null };
    if (!state.reply) return ended;
    const closed = withReply(
      state,
      { ...state.reply, parts: closeReply(state.reply) },
      withRun({ ...message, status }),
    );
    return { ...ended, messages: closed.messages };
  }

  const run = toRun(message);
  if (!state.reply) {
    const reply: ChatMessage = {
      id: message.messageId,
      role: 'assistant',
      metadata: { run: toRunMetadata(message) },
      parts: [],
    };
    return { ...state, run, reply: EMPTY_REPLY, messages: [...state.messages, reply] };
  }
  const reply = message.reset ? keepSteps(state.reply, message.steps ?? 0) : state.reply;
  return { ...withReply(state, reply, withRun(message)), run };
}

type Metadata = NonNullable<ChatMessage['metadata']>;

/** Replaces the last message by the reply, with the metadata that `update` returns. */
function withReply(state: SessionState, reply: Reply, update: (metadata: Metadata) => Metadata): SessionState {
  const messages = state.messages.slice();
  const last = messages.at(-1);
  if (!last) return state;
  const metadata = update(last.metadata ?? {});
  messages[messages.length - 1] = { ...last, metadata, parts: reply.parts as ChatMessage['parts'] };
  return { ...state, messages, reply };
}

/** A problem reported earlier stays with a terminal; a new attempt drops it. */
function withRun(message: MetadataMessage): (metadata: Metadata) => Metadata {
  return ({ run, ...rest }) => {
    const problem = isTerminal(message.status) ? run?.problem : undefined;
    return { ...rest, run: { ...toRunMetadata(message), ...(problem ? { problem } : {}) } };
  };
}

function toRunMetadata({ runId, status, attempt, finishReason, usage }: MetadataMessage): RunMetadata {
  return {
    runId,
    status,
    attempt,
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined ? {} : { usage }),
  };
}

function toRun({ runId, messageId, status, attempt }: MetadataMessage): ActiveRun {
  return { runId, messageId, status, attempt };
}

/** The message metadata that a chunk carries. */
function metadataOf(chunk: ChatChunk): unknown {
  const tells = chunk.type === 'start' || chunk.type === 'finish' || chunk.type === 'message-metadata';
  return tells ? chunk.messageMetadata : undefined;
}

/** Two adjacent input deltas of one tool call as one frame; null for any other two frames. */
function joinInputDeltas(a: Frame, b: Frame): Frame | null {
  if (a.message.type !== 'chunk' || b.message.type !== 'chunk' || a.message.runId !== b.message.runId) return null;
  const [x, y] = [a.message.chunk, b.message.chunk];
  if (x.type !== 'tool-input-delta' || y.type !== 'tool-input-delta' || x.toolCallId !== y.toolCallId) return null;
  if (typeof x.inputTextDelta !== 'string' || typeof y.inputTextDelta !== 'string') return null;
  const inputTextDelta = x.inputTextDelta + y.inputTextDelta;
  return { id: b.id, message: { ...b.message, chunk: { ...y, inputTextDelta } } };
}
