import type { ChatMessage, ChatPart } from '#shared/protocol.ts';
import type { Problem } from '#shared/problem.ts';
import type { ActiveRun } from '#shared/protocol.ts';

/**
 * - `idle`: nothing is being written; the line is up, or not needed.
 * - `connecting`: the first connection is being made, or a prompt is on its way.
 * - `streaming`: a reply is being written, and the line is up.
 * - `reconnecting`: the line is down; what came is kept, and it is being tried again.
 * - `offline`: the browser says that there is no network.
 * - `failed`: gave up; `problem` says why.
 */
export type ChatStatus = 'idle' | 'connecting' | 'streaming' | 'reconnecting' | 'offline' | 'failed';

/** Everything a view needs, as one immutable value: a new object for each change. */
export interface ChatView {
  status: ChatStatus;
  sessionId: string | null;
  messages: readonly ChatMessage[];
  run: ActiveRun | null;
  /** Why the last action or the connection failed. */
  problem: Problem | null;
  /** Until when a `rate-limited` or `overloaded` problem holds, ms since the epoch. */
  retryAt: number | null;
  /** A prompt that the relay has not accepted yet (sent while the line is down, or being retried). */
  pending: { messageId: string; text: string } | null;
  /** After a takeover: the parts that were cut and will be written anew; to be drawn dimmed until new text has come. */
  dimmed: readonly ChatPart[];
  /** How often the active or last run has been interrupted and taken on again, as seen here. */
  recoveries: number;
  /** True while the first transcript of a stored session is still on its way. */
  restoring: boolean;
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

/** The framework-free client: one conversation, live. */
export interface ChatSession {
  readonly view: ChatView;
  /** Called after each change of `view`, at most once per microtask. Returns its own end. */
  subscribe(listener: (view: ChatView) => void): () => void;
  /** Starts to follow the stored session, if there is one. */
  open(): void;
  /** Lets go of the line and all timers; may be opened again. */
  close(): void;
  /** Sends a prompt; makes a session first if there is none. Resolves once it is stored by the relay. */
  send(text: string, options?: { parentId?: string }): Promise<void>;
  /** Asks for another answer to a user's message; to the last one when not given. */
  regenerate(messageId?: string): Promise<void>;
  /** Stops the active run, wherever it was started. */
  stop(): Promise<void>;
  /** Leaves this conversation and starts with an empty one. */
  newChat(): void;
  /** The credentials, to hand to another device; null before the first prompt. */
  readonly credentials: SessionCredentials | null;
  /** Joins a session by its credentials. */
  join(credentials: SessionCredentials): void;
}

export interface ChatSessionOptions {
  /** The relay's origin, without a slash at its end. */
  relay: string;
  storage: CredentialStorage;
  fetch?: typeof fetch;
}
