import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ChatMessage } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import type { ChatStatus, ChatView } from '../session/types.ts';

/** How long a text stays in the live region, ms. Longer, and whoever walks through the page comes upon it again. */
const KEPT_MS = 3000;

/** What an announce controller asks its element for. */
export interface AnnounceControllerOptions {
  view(): ChatView;
  strings(): Strings;
  /** The conversation was being restored before this controller was there to say that it is back. */
  wasRestoring(): boolean;
  /** The notice that a view shows; empty when it shows none. */
  readNotice(view: ChatView): string;
  /** An answer that has ended, as it is read out. */
  readAnswer(message: ChatMessage): string;
}

/**
 * What screen readers are told: that an answer has begun, the answer once it is whole, and how the connection is. Never
 * a token at a time. The host draws `text` into its live region.
 */
export class AnnounceController implements ReactiveController {
  text = '';

  readonly #host: ReactiveControllerHost;
  readonly #options: AnnounceControllerOptions;
  #status: ChatStatus = 'idle';
  #runId: string | null = null;
  #notice = '';
  #restoring: boolean | null = null;
  #clearing: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, options: AnnounceControllerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** Has a text read out now. */
  announce(text: string): void {
    if (text === '') return;
    // The same text again would be no change and so not be read; a no-break space makes it one.
    this.text = text === this.text ? `${text}\u00a0` : text;
    this.#host.requestUpdate();
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => {
      this.text = '';
      this.#host.requestUpdate();
    }, KEPT_MS);
  }

  /** Has an answer read out that has ended. */
  announceAnswer(message: ChatMessage): void {
    this.announce(this.#options.readAnswer(message));
  }

  hostDisconnected(): void {
    clearTimeout(this.#clearing);
    this.text = '';
  }

  hostUpdated(): void {
    const text = this.#readChange();
    // A live region is heard when it changes, not when it is drawn first; and a host is not changed while it updates.
    if (text !== '') void this.#host.updateComplete.then(() => this.announce(text));
  }

  /** What has changed since the last update, as a sentence; empty when it is nothing to tell. */
  #readChange(): string {
    const view = this.#options.view();
    const strings = this.#options.strings();
    const { run, status } = view;
    const wasRestoring = this.#restoring ?? this.#options.wasRestoring();
    const wasDown = isDown(this.#status);
    const lastRunId = this.#runId;
    const lastNotice = this.#notice;
    // Without the time left, which changes each second.
    const notice = this.#options.readNotice({ ...view, retryAt: null });

    this.#status = status;
    this.#notice = notice;
    this.#runId = run?.runId ?? null;
    this.#restoring = view.restoring;

    if (wasRestoring && !view.restoring && view.messages.length > 0) return strings.announceRestored;
    if (notice !== lastNotice && notice !== '') return notice;
    if (wasDown && !isDown(status)) return strings.announceReconnected;
    return run && run.runId !== lastRunId ? strings.announceWriting : '';
  }
}

function isDown(status: ChatStatus): boolean {
  return status === 'reconnecting' || status === 'offline';
}
