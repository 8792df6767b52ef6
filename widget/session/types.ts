import type { Problem } from '#shared/problem.ts';
import type { ActiveRun, ChatMessage, ChatPart, Rating } from '#shared/protocol.ts';

/**
 * - `idle`: nothing is being written; the connection is up, or not needed.
 * - `connecting`: the first connection is being made, or a prompt is on its way.
 * - `streaming`: a reply is being written, and the connection is up.
 * - `reconnecting`: the connection is down and retried; what arrived is kept.
 * - `offline`: the browser reports no network.
 * - `failed`: not retried any more; `problem` says why.
 */
export type ChatStatus = 'idle' | 'connecting' | 'streaming' | 'reconnecting' | 'offline' | 'failed';

/** A prompt of this tab that is not yet part of `messages`. */
export interface PendingPrompt {
  messageId: string;
  text: string;
  /** For an edit: the message it comes after, `""` for the start of the conversation. */
  parentId?: string;
  /** The relay has stored it; only its return over the connection is awaited. */
  accepted?: boolean;
}

/** A prompt that was refused or withdrawn, kept for the composer. */
export interface UnsentPrompt {
  text: string;
  parentId?: string;
}

/** Everything a view needs, as one immutable value: a new object per change. */
export interface ChatView {
  status: ChatStatus;
  sessionId: string | null;
  /** The conversation. While an edit or a regenerate is on its way, what it replaces is already left out. */
  messages: readonly ChatMessage[];
  run: ActiveRun | null;
  /**
   * Why the last action or the connection failed. Why a *run* failed is in its message, under `metadata.run.problem`;
   * here only when the run left no message.
   */
  problem: Problem | null;
  /** Until when a `rate-limited` or `overloaded` problem holds, ms since the epoch; null again once it has passed. */
  retryAt: number | null;
  /** To be drawn after `messages`: a prompt that has not returned from the relay yet. */
  pending: PendingPrompt | null;
  /** A prompt that was refused or withdrawn; gone with the next prompt, `dismiss` or `newChat`. */
  unsent: UnsentPrompt | null;
  /** Parts that a takeover cut, to be drawn dimmed until new text arrives. */
  dimmed: readonly ChatPart[];
  /** How often the active or last run was interrupted and taken over, as seen here. */
  recoveries: number;
  /** True from `stop` until the run has ended. */
  stopping: boolean;
  /** True until the first transcript of a stored session has arrived. */
  restoring: boolean;
  /** The conversation was shared with this visitor, who can only read it. */
  readOnly: boolean;
  /** The conversation has expired or was deleted. It stays on view; the next prompt starts a new one. */
  ended: boolean;
}

/** Where `{sessionId, token}` is stored. Never throws: a forbidden storage behaves like an empty one. */
export interface CredentialStorage {
  /** True when the stored session came from a link: it may be read, never written to. False when not given. */
  readonly readOnly?: boolean;
  read(): SessionCredentials | null;
  write(credentials: SessionCredentials | null): void;
  /** Calls when another tab has written. Returns the function that unsubscribes. */
  subscribe(listener: () => void): () => void;
}

/** The id of a session and the token for it. */
export interface SessionCredentials {
  sessionId: string;
  token: string;
}

/** `shown` is also sent when the page returns from the back-forward cache. */
export type LifecycleEvent = 'online' | 'offline' | 'shown' | 'hidden';

/** The lifecycle of the page around a client. A process without a page is always online and visible. */
export interface Lifecycle {
  readonly online: boolean;
  readonly visible: boolean;
  subscribe(listener: (event: LifecycleEvent) => void): () => void;
  /**
   * Reserves one of the few connections that the visible, or the hidden, pages of this browser may keep. Resolves to the
   * function that gives it back, or to null when none is free. Never rejects.
   */
  reserveLine(kind: 'shown' | 'hidden'): Promise<(() => void) | null>;
}

/** The framework-free client: one conversation, live. None of its promises ever rejects. */
export interface ChatSession {
  readonly view: ChatView;
  /** Calls after each change of `view`, at most once per microtask. Returns the function that unsubscribes. */
  subscribe(listener: (view: ChatView) => void): () => void;
  /** Follows the stored session, if there is one, and sends a prompt that was on its way. */
  open(): void;
  /** Disconnects and stops all timers. May be opened again. */
  close(): void;
  /**
   * Sends a prompt, in a new session if there is none. Resolves to true once the relay has stored it, to false when that
   * failed: `view.problem` says why, `view.unsent` keeps the text.
   *
   * With `parentId` it is an edit: everything after that message is dropped first; `""` drops everything.
   */
  send(text: string, options?: { parentId?: string }): Promise<boolean>;
  /** Asks for another answer to a user's message, by default the last one. Resolves as `send` does. */
  regenerate(messageId?: string): Promise<boolean>;
  /** Retries what failed: the unsent prompt, the connection, or the answer. */
  retry(): Promise<boolean>;
  /**
   * Rates an answer; null removes the rating. Shown at once, as `metadata.feedback` of the message. Resolves to true once
   * the relay has stored it; to false when that failed, and then it is not shown any more.
   */
  rate(messageId: string, rating: Rating | null, comment?: string): Promise<boolean>;
  /** Stops the active run, wherever it was started, or withdraws a prompt that is still on its way. */
  stop(): Promise<void>;
  /** Leaves this conversation and starts with an empty one. */
  newChat(): void;
  /** Forgets `problem` and `unsent`. */
  dismiss(): void;
  /** The credentials, for another device; null before the first prompt. */
  readonly credentials: SessionCredentials | null;
  /** Joins a session by its credentials. */
  join(credentials: SessionCredentials): void;
}

/** Options of a client. */
export interface ChatSessionOptions {
  /** The relay's origin, without a trailing slash. */
  relay: string;
  storage: CredentialStorage;
  /** Defaults to the browser page's own, or that of a process that is always online. */
  lifecycle?: Lifecycle;
  fetch?: typeof fetch;
}
