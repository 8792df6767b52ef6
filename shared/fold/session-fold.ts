import type { Cursor } from '../cursor.ts';
import { boundChunk, boundMessages } from './bound-depth.ts';
import { foldInto } from './fold-chunk.ts';
import { keepUpTo } from './keep-up-to.ts';
import { mergeMetadata } from './merge-metadata.ts';
import {
  isTerminal,
  type ActiveRun,
  type ChatChunk,
  type ChatMessage,
  type ChatPart,
  type Frame,
  type MessageMetadata,
  type MetadataMessage,
  type RunMetadata,
  type StreamMessage,
} from '../protocol.ts';
import { closeReply, EMPTY_REPLY, keepSteps, type Reply } from './reply.ts';
import { ReplyDraft } from './reply-draft.ts';
import type { SessionState } from './session-state.ts';

/**
 * Folds the frames of a session, one after the other. What it changes is its own: the state that it began with and the
 * states that it gives are immutable.
 *
 * @example
 * const fold = new SessionFold(EMPTY_SESSION);
 * for (const frame of frames) fold.add(frame);
 * const state = fold.state();
 */
export class SessionFold {
  #messages: readonly ChatMessage[];
  /** `#messages` when no state has it, so that it may be changed in place. */
  #own: ChatMessage[] | null = null;
  #run: ActiveRun | null;
  #cursor: Cursor;
  /** The reply being written, as of when the draft was begun. */
  #reply: Reply | null;
  #draft: ReplyDraft | null = null;
  /** Metadata that the last message does not have yet. */
  #metadata: MessageMetadata | null = null;

  constructor({ messages, run, cursor, reply }: SessionState) {
    this.#messages = messages;
    this.#run = run;
    this.#cursor = cursor;
    this.#reply = reply;
  }

  /** The id of the last frame folded in. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** The active run. */
  get run(): ActiveRun | null {
    return this.#run;
  }

  /** Folds one more frame in. See `reduce`. */
  add({ id, message }: Frame): void {
    this.#fold(message);
    this.#cursor = id;
  }

  /** The state so far. */
  state(): SessionState {
    this.#settle();
    this.#own = null;
    return { messages: this.#messages, run: this.#run, cursor: this.#cursor, reply: this.#reply };
  }

  #fold(message: StreamMessage): void {
    switch (message.type) {
      case 'snapshot':
        this.#restart(boundMessages(message.messages), null);
        return;
      case 'message': {
        const { runId } = message;
        this.#restart(keepUpTo(this.#settled(), message.parentId), {
          runId,
          messageId: runId,
          status: 'queued',
          attempt: 1,
        });
        this.#owned().push(...boundMessages([message.message]));
        return;
      }
      case 'metadata':
        if (message.status === 'queued') this.#restart(keepUpTo(this.#settled(), message.parentId), toRun(message));
        else this.#foldStatus(message);
        return;
      case 'chunk':
        this.#foldChunk(message.runId, boundChunk(message.chunk));
        return;
      case 'error': {
        if (!this.#reply || this.#run?.runId !== message.runId) return;
        const { run, ...rest } = this.#metadataNow();
        this.#metadata = { ...rest, ...(run ? { run: { ...run, problem: message.problem } } : {}) };
      }
    }
  }

  #foldChunk(runId: string, chunk: ChatChunk): void {
    if (!this.#reply || this.#run?.runId !== runId) return;
    this.#draft ??= new ReplyDraft(this.#reply);
    foldInto(this.#draft, chunk);
    const added = metadataOf(chunk);
    if (added === undefined) return;
    const before = this.#metadataNow();
    const metadata = mergeMetadata(before, added);
    if (metadata !== before) this.#metadata = metadata;
  }

  /** The active run was started, restarted, or has ended. */
  #foldStatus(message: MetadataMessage): void {
    if (this.#run?.runId !== message.runId) return;
    const { status } = message;
    this.#settle();
    if (isTerminal(status)) {
      if (this.#reply) this.#replaceLast(closeReply(this.#reply), withRun(message, this.#metadataNow()));
      this.#run = null;
      this.#reply = null;
      return;
    }
    this.#run = toRun(message);
    if (!this.#reply) {
      this.#reply = EMPTY_REPLY;
      this.#owned().push({
        id: message.messageId,
        role: 'assistant',
        metadata: { run: toRunMetadata(message) },
        parts: [],
      });
      return;
    }
    if (message.reset) this.#reply = keepSteps(this.#reply, message.steps ?? 0);
    this.#replaceLast(this.#reply.parts, withRun(message, this.#metadataNow()));
  }

  /** Goes on with other messages, and no reply. */
  #restart(messages: readonly ChatMessage[], run: ActiveRun | null): void {
    if (messages !== this.#messages) this.#own = null;
    this.#messages = messages;
    this.#run = run;
    this.#reply = null;
    this.#draft = null;
    this.#metadata = null;
  }

  /** Puts what was folded in since into the last message. */
  #settle(): void {
    const before = this.#reply;
    if (this.#draft) this.#reply = this.#draft.toReply();
    this.#draft = null;
    if (this.#reply && (this.#reply !== before || this.#metadata)) {
      this.#replaceLast(this.#reply.parts, this.#metadataNow());
    }
  }

  #settled(): readonly ChatMessage[] {
    this.#settle();
    return this.#messages;
  }

  #replaceLast(parts: readonly ChatPart[], metadata: MessageMetadata): void {
    const messages = this.#owned();
    const last = messages.at(-1);
    if (last) messages[messages.length - 1] = { ...last, metadata, parts: parts as ChatMessage['parts'] };
    this.#metadata = null;
  }

  #metadataNow(): MessageMetadata {
    return this.#metadata ?? this.#messages.at(-1)?.metadata ?? {};
  }

  #owned(): ChatMessage[] {
    this.#own ??= this.#messages.slice();
    this.#messages = this.#own;
    return this.#own;
  }
}

/** A problem reported earlier stays with a terminal; a new attempt drops it. */
function withRun(message: MetadataMessage, { run, ...rest }: MessageMetadata): MessageMetadata {
  const problem = isTerminal(message.status) ? run?.problem : undefined;
  return { ...rest, run: { ...toRunMetadata(message), ...(problem ? { problem } : {}) } };
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
