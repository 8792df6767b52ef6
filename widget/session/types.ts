import type { Problem } from '#shared/problem.ts';
import type { ActiveRun, ChatMessage, ChatPart, Rating } from '#shared/protocol.ts';

/**
 * - `idle`: nothing is being written; the line is up, or not needed.
 * - `connecting`: the first connection is being made, or a prompt is on its way.
 * - `streaming`: a reply is being written, and the line is up.
 * - `reconnecting`: the line is down; what came is kept, and it is being tried again.
 * - `offline`: the browser says that there is no network.
 * - `failed`: gave up; `problem` says why.
 */
export type ChatStatus = 'idle' | 'connecting' | 'streaming' | 'reconnecting' | 'offline' | 'failed';

/** A prompt of this tab that is not yet part of `messages`. */
export interface PendingPrompt {
  messageId: string;
  text: string;
  /** For an edit: the message it comes after, `""` for the start of the conversation. */
  parentId?: string;
  /** The relay has stored it. Only its way back, over the line, is awaited. */
  accepted?: boolean;
}

/** A prompt that came to nothing, kept so that the composer can offer it again. */
export interface UnsentPrompt {
  text: string;
  parentId?: string;
}

/** Everything a view needs, as one immutable value: a new object for each change. */
export interface ChatView {
  status: ChatStatus;
  sessionId: string | null;
  /** The conversation. While an edit or a new answer is being asked for, what it replaces is already left out. */
  messages: readonly ChatMessage[];
  run: ActiveRun | null;
  /**
   * Why the last action or the connection failed. Why a *run* failed stands in its message, under
   * `metadata.run.problem`; here only when the run left no message.
   */
  problem: Problem | null;
  /** Until when a `rate-limited` or `overloaded` problem holds, ms since the epoch; null again once it has passed. */
  retryAt: number | null;
  /** To be drawn after `messages`: a prompt that has not come back from the relay yet. */
  pending: PendingPrompt | null;
  /** A prompt that was refused or withdrawn; gone with the next prompt, `dismiss` or `newChat`. */
  unsent: UnsentPrompt | null;
  /** After a takeover: the parts that were cut and will be written anew; to be drawn dimmed until new text has come. */
  dimmed: readonly ChatPart[];
  /** How often the active or last run has been interrupted and taken on again, as seen here. */
  recoveries: number;
  /** True from `stop` until the run has ended. */
  stopping: boolean;
  /** True while the first transcript of a stored session is still on its way. */
  restoring: boolean;
  /** The conversation was shared with this visitor, who can read it and nothing else. */
  readOnly: boolean;
  /** The conversation has expired or was deleted. It stays on view; the next prompt starts a new one. */
  ended: boolean;
}

/** Where `{sessionId, token}` persists. Never throws: a store that is not allowed behaves as an empty one. */
export interface CredentialStorage {
  read(): SessionCredentials | null;
  write(credentials: SessionCredentials | null): void;
  /** Calls when another tab has written. */
  subscribe(listener: () => void): () => void;
}

export interface SessionCredentials {
  sessionId: string;
  token: string;
}

/** `shown` also after the page came back from the browser's back-forward cache. */
export type LifecycleEvent = 'online' | 'offline' | 'shown' | 'hidden';

/** What the page's life means for the line; a process without a page is online and visible for ever. */
export interface Lifecycle {
  readonly online: boolean;
  readonly visible: boolean;
  subscribe(listener: (event: LifecycleEvent) => void): () => void;
  /**
   * Asks for one of the few places that the pages of this browser have for lines of their own, those on view and the
   * hidden ones. Resolves to the function that gives it back, or to null when none is free. Never rejects.
   */
  reserveLine(kind: 'shown' | 'hidden'): Promise<(() => void) | null>;
}

/** The framework-free client: one conversation, live. None of its promises ever rejects. */
export interface ChatSession {
  readonly view: ChatView;
  /** Called after each change of `view`, at most once per microtask. Returns its own end. */
  subscribe(listener: (view: ChatView) => void): () => void;
  /** Starts to follow the stored session, if there is one, and takes up again a prompt that was on its way. */
  open(): void;
  /** Lets go of the line and all timers; may be opened again. */
  close(): void;
  /**
   * Sends a prompt; makes a session first if there is none. Resolves to true once the relay has stored it, and to
   * false when it came to nothing: `view.problem` says why, `view.unsent` keeps the text.
   *
   * With `parentId` it is an edit: everything after that message is dropped first; `""` means everything.
   */
  send(text: string, options?: { parentId?: string }): Promise<boolean>;
  /** Asks for another answer to a user's message; to the last one when not given. Resolves as `send` does. */
  regenerate(messageId?: string): Promise<boolean>;
  /** Does again what came to nothing: the unsent prompt, the connection, or the answer that failed. */
  retry(): Promise<boolean>;
  /**
   * Says what its reader thinks of an answer; null takes it back. Shown at once, as `metadata.feedback` of the message.
   * Resolves to true once the relay has kept it; to false when it came to nothing, and then it shows no more.
   */
  rate(messageId: string, rating: Rating | null, comment?: string): Promise<boolean>;
  /** Stops the active run, wherever it was started, or withdraws a prompt that is still on its way. */
  stop(): Promise<void>;
  /** Leaves this conversation and starts with an empty one. */
  newChat(): void;
  /** Forgets `problem` and `unsent`. */
  dismiss(): void;
  /** The credentials, to hand to another device; null before the first prompt. */
  readonly credentials: SessionCredentials | null;
  /** Joins a session by its credentials. */
  join(credentials: SessionCredentials): void;
}

export interface ChatSessionOptions {
  /** The relay's origin, without a slash at its end. */
  relay: string;
  storage: CredentialStorage;
  /** When not given: the browser page's own, or that of a process that is always there. */
  lifecycle?: Lifecycle;
  fetch?: typeof fetch;
}
