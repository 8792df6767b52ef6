import type { ClientPart } from '../client-part.ts';
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Problem } from '#shared/problem.ts';
import type { ChatMessage, TerminalStatus } from '#shared/protocol.ts';
import type { StorageKind } from '../session/storage.ts';
import type { ChatSession, ChatStatus, ChatView } from '../session/types.ts';
import type { DrawPace } from './draw-pace.ts';
import { EMPTY_VIEW } from './empty-view.ts';
import { hasStoredSession } from './stored-session.ts';

/** The part of the widget that is loaded when it is needed first. */
export type { ClientPart } from '../client-part.ts';

export interface ChatControllerOptions {
  /** Fetches the client. */
  load(): Promise<ClientPart>;
  /** The relay's origin; empty when only the client's own file can tell. */
  relay(): string;
  storageKind(): StorageKind;
  /** When not null, a stored session is gone on with only if it has this id. */
  onlySession(): string | null;
  onStatus(status: ChatStatus, previous: ChatStatus): void;
  /** A message is complete: a prompt was accepted, or an answer has ended in whatever way. */
  onMessage(message: ChatMessage): void;
  onProblem(problem: Problem): void;
  /** The page's address shares a conversation. */
  onShared(): void;
  onSession(sessionId: string | null): void;
  /** A prompt came to nothing; its text is the visitor's to try again. */
  onUnsent(text: string): void;
}

/**
 * Holds the client of one element: loads it when it is needed, redraws the element as its view changes (text that
 * streams at its own pace), and tells what happened.
 */
export class ChatController implements ReactiveController {
  view: ChatView = EMPTY_VIEW;
  client: ChatSession | null = null;

  readonly #host: ReactiveControllerHost;
  readonly #options: ChatControllerOptions;
  #loading: Promise<ChatSession> | null = null;
  #unsubscribe: (() => void) | null = null;
  #pace: DrawPace | null = null;
  #connected = false;
  #watched = true;
  /** The client was told to hold its line. */
  #holding = false;
  /** Which messages were already told of. */
  #told = new Set<string>();

  constructor(host: ReactiveControllerHost, options: ChatControllerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  hostConnected(): void {
    this.#connected = true;
    if (this.client) this.#attach(this.client);
  }

  hostDisconnected(): void {
    this.#connected = false;
    this.#detach();
    this.#pace?.cancel();
  }

  /** Whether a session is stored that would be gone on with; true too when that cannot be known yet. */
  get hasStoredSession(): boolean {
    const relay = this.#options.relay();
    return relay === '' || location.hash.includes('rc-share=') || hasStoredSession(this.#options.storageKind(), relay);
  }

  /** The client, following its session. Rejects when it cannot be loaded; the view says so too. */
  async start(): Promise<ChatSession> {
    const loading = (this.#loading ??= this.#load());
    try {
      return await loading;
    } catch (error) {
      if (this.#loading === loading) {
        this.#loading = null;
        this.#setView({ ...this.view, status: 'failed', problem: LOAD_PROBLEM });
      }
      throw error;
    }
  }

  /**
   * While nobody looks at the conversation, the line is held only for as long as something is under way: so that the
   * launcher can tell of an answer, and an idle visitor costs the relay nothing.
   */
  setWatched(watched: boolean): void {
    this.#watched = watched;
    this.#holdLine();
  }

  /** Leaves everything, so that the next start reads the options anew. */
  reset(): void {
    this.#detach();
    this.client = null;
    this.#loading = null;
    this.#told.clear();
    this.#setView(EMPTY_VIEW);
  }

  async #load(): Promise<ChatSession> {
    const { createChatSession, createDrawPace, openStorage, origin } = await this.#options.load();
    const relay = this.#options.relay() || origin;
    const { storageKind, onlySession, onShared } = this.#options;
    const storage = openStorage({ relay, onShared, kind: storageKind(), onlySession: onlySession() });
    const client = createChatSession({ relay, storage });
    this.client = client;
    this.#pace ??= createDrawPace(() => {
      this.#host.requestUpdate();
      return this.#host.updateComplete;
    });
    if (this.#connected) this.#attach(client);
    return client;
  }

  #attach(client: ChatSession): void {
    this.#unsubscribe?.();
    this.#unsubscribe = client.subscribe((view) => this.#setView(view));
    this.#holding = true;
    client.open();
    this.#setView(client.view);
  }

  #detach(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#holding = false;
    this.client?.close();
  }

  #holdLine(): void {
    const { client, view } = this;
    if (!client || !this.#unsubscribe) return;
    const wanted = this.#watched || view.run !== null || view.pending !== null || view.restoring;
    if (wanted === this.#holding) return;
    this.#holding = wanted;
    if (wanted) client.open();
    else client.close();
  }

  #setView(view: ChatView): void {
    const previous = this.view;
    if (view === previous) return;
    this.view = view;
    this.#tell(view, previous);
    this.#draw(view);
    this.#holdLine();
  }

  #tell(view: ChatView, previous: ChatView): void {
    const { onSession, onStatus, onProblem, onUnsent } = this.#options;
    if (view.sessionId !== previous.sessionId) {
      this.#told.clear();
      onSession(view.sessionId);
    }
    if (view.messages !== previous.messages) this.#tellMessages(view, previous.restoring);
    if (view.status !== previous.status) onStatus(view.status, previous.status);
    if (view.problem && view.problem !== previous.problem) onProblem(view.problem);
    if (view.unsent && view.unsent.text !== previous.unsent?.text) onUnsent(view.unsent.text);
  }

  #tellMessages(view: ChatView, restored: boolean): void {
    // From the newest back: all before the first one known is known.
    const fresh: ChatMessage[] = [];
    for (let index = view.messages.length - 1; index >= 0; index -= 1) {
      const message = view.messages[index];
      if (!message || this.#told.has(message.id)) break;
      if (message.role === 'user' || isEnded(message)) fresh.unshift(message);
    }
    for (const message of fresh) {
      this.#told.add(message.id);
      if (!restored) this.#options.onMessage(message);
    }
  }

  /** Text that comes can wait for its turn; whatever else happens is shown at once. */
  #draw(view: ChatView): void {
    if (view.status === 'streaming' && this.#pace) return this.#pace.draw();
    this.#pace?.cancel();
    this.#host.requestUpdate();
  }
}

/** `isTerminal` of the wire contract, said again: its module would bring all the schemas into the part loaded first. */
const ENDED = { completed: true, cancelled: true, failed: true } as const satisfies Record<TerminalStatus, true>;

function isEnded(message: ChatMessage): boolean {
  const status = message.metadata?.run?.status;
  return status !== undefined && status in ENDED;
}

/** The client's file could not be fetched. Not in the relay's table: it never had a say. */
const LOAD_PROBLEM: Problem = {
  type: 'about:blank',
  title: 'The chat could not be loaded',
  status: 0,
  code: 'not-loaded',
  retryable: true,
};
