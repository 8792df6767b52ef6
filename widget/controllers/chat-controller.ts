import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Problem } from '#shared/problem.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import { isTerminal } from '#shared/run-status.ts';
import type { DrawPace } from '../draw-pace.ts';
import { EMPTY_VIEW } from '../empty-view.ts';
import { isShared } from '../session/shared-session.ts';
import { createCredentialStorage, type StorageKind } from '../session/storage.ts';
import type { ChatSession, ChatStatus, ChatView } from '../session/types.ts';

/** What the element needs of the client, which is loaded when it is first needed. */
export type ClientModule = typeof import('../client.ts');

/** What a chat controller asks its element for, and what it tells it. */
export interface ChatControllerOptions {
  /** Makes one attempt to load the client; after a failed one the next call waits for a pause. */
  load(): Promise<ClientModule>;
  /** The relay's origin. */
  relay(): string;
  storageKind(): StorageKind;
  /** When not null, a stored session is resumed only if it has this id. */
  onlySession(): string | null;
  onStatus(status: ChatStatus, previous: ChatStatus): void;
  /** A message is complete: a prompt was accepted, or an answer has ended in whatever way. */
  onMessage(message: ChatMessage): void;
  onProblem(problem: Problem): void;
  /** The page's address shares a conversation. */
  onShared(): void;
  onSession(sessionId: string | null): void;
  /** A prompt could not be sent; its text is the visitor's to try again. */
  onUnsent(text: string): void;
}

/**
 * Holds the client of one element: loads it when it is needed, redraws the element as its view changes (streaming text
 * at a pace of its own), and reports what happened.
 */
export class ChatController implements ReactiveController {
  view: ChatView = EMPTY_VIEW;
  client: ChatSession | null = null;

  readonly #host: ReactiveControllerHost;
  readonly #options: ChatControllerOptions;
  /** Aborted by `reset`: what a start from before it brings is stale and is dropped. */
  #current = new AbortController();
  #starting: Promise<ChatSession> | null = null;
  #unsubscribe: (() => void) | null = null;
  #pace: DrawPace | null = null;
  #connected = false;
  #watched = true;
  /** The client was told to hold its line. */
  #holding = false;
  /** Ids of the messages that were reported. */
  #reported = new Set<string>();

  constructor(host: ReactiveControllerHost, options: ChatControllerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  hostConnected(): void {
    this.#connected = true;
    if (this.client) this.#attach(this.client);
    else if (this.view.problem === LOAD_PROBLEM) this.#startAgain();
  }

  hostDisconnected(): void {
    this.#connected = false;
    this.#detach();
    this.#pace?.cancel();
  }

  /** Whether there is a session to resume: stored in this browser, or shared by the page's address. */
  get hasStoredSession(): boolean {
    const { relay, storageKind } = this.#options;
    return isShared() || createCredentialStorage({ relay: relay(), kind: storageKind() }).read() !== null;
  }

  /**
   * The client, following its session. When it cannot be loaded the view says so, and it is tried again for as long as
   * the element is on the page.
   *
   * @throws what the import threw, when the attempt under way failed.
   */
  start(): Promise<ChatSession> {
    return (this.#starting ??= this.#load(this.#current.signal));
  }

  /**
   * While nobody looks at the conversation, the line is held only as long as something is under way: the launcher can
   * report an answer, and an idle visitor costs the relay nothing.
   */
  setWatched(watched: boolean): void {
    this.#watched = watched;
    this.#holdLine();
  }

  /** Lets go of the client and of one that is being loaded, so that the next start reads the options again. */
  reset(): void {
    this.#current.abort();
    this.#current = new AbortController();
    this.#detach();
    this.client = null;
    this.#starting = null;
    this.#reported.clear();
    this.#setView(EMPTY_VIEW);
  }

  async #load(signal: AbortSignal): Promise<ChatSession> {
    let module: ClientModule;
    try {
      module = await this.#options.load();
    } catch (error) {
      if (signal.aborted) return this.start();
      this.#starting = null;
      this.#setView({ ...this.view, status: 'failed', problem: LOAD_PROBLEM });
      if (this.#connected) this.#startAgain();
      throw error;
    }
    // The options have changed meanwhile: whoever waits gets the client for those of now.
    return signal.aborted ? this.start() : this.#open(module);
  }

  #startAgain(): void {
    // The view says that it failed, and the next attempt is under way.
    this.start().catch(() => undefined);
  }

  #open({ createChatSession, createDrawPace, openStorage }: ClientModule): ChatSession {
    const { relay, storageKind, onlySession, onShared } = this.#options;
    const storage = openStorage({ relay: relay(), onShared, kind: storageKind(), onlySession: onlySession() });
    const client = createChatSession({ relay: relay(), storage });
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
    this.#report(view, previous);
    this.#draw(view);
    this.#holdLine();
  }

  #report(view: ChatView, previous: ChatView): void {
    const { onSession, onStatus, onProblem, onUnsent } = this.#options;
    if (view.sessionId !== previous.sessionId) {
      this.#reported.clear();
      onSession(view.sessionId);
    }
    if (view.messages !== previous.messages) this.#reportMessages(view, previous.restoring);
    if (view.status !== previous.status) onStatus(view.status, previous.status);
    if (view.problem && view.problem !== previous.problem) onProblem(view.problem);
    if (view.unsent && view.unsent.text !== previous.unsent?.text) onUnsent(view.unsent.text);
  }

  #reportMessages(view: ChatView, restored: boolean): void {
    // From the newest back: everything before a message that was reported was reported too.
    const fresh: ChatMessage[] = [];
    for (let index = view.messages.length - 1; index >= 0; index -= 1) {
      const message = view.messages[index];
      if (!message || this.#reported.has(message.id)) break;
      if (message.role === 'user' || hasEnded(message)) fresh.unshift(message);
    }
    for (const message of fresh) {
      this.#reported.add(message.id);
      if (!restored) this.#options.onMessage(message);
    }
  }

  /** Streaming text waits for its turn; everything else is shown at once. */
  #draw(view: ChatView): void {
    if (view.status === 'streaming' && this.#pace) return this.#pace.draw();
    this.#pace?.cancel();
    this.#host.requestUpdate();
  }
}

function hasEnded(message: ChatMessage): boolean {
  const status = message.metadata?.run?.status;
  return status !== undefined && isTerminal(status);
}

/** The client's file could not be loaded. Not in the relay's table: the relay was not asked. */
const LOAD_PROBLEM: Problem = {
  type: 'about:blank',
  title: 'The chat could not be loaded',
  status: 0,
  code: 'not-loaded',
  retryable: true,
};
