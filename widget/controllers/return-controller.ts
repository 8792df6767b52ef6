import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ChatView } from '../session/types.ts';

/** An interruption shorter than this was not noticed, so that its end is not shown either, ms. */
const SEEN_MS = 600;

/** How long the return is shown, ms. */
const SHOWN_MS = 4000;

/** `back` is true for a few seconds after the connection, or after a reload the conversation, has come back. */
export class ReturnController implements ReactiveController {
  back = false;

  readonly #host: ReactiveControllerHost;
  readonly #view: () => ChatView;
  #away = false;
  #seen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, view: () => ChatView) {
    this.#host = host;
    this.#view = view;
    host.addController(this);
  }

  hostUpdate(): void {
    const { status, restoring, messages } = this.#view();
    const away = restoring || status === 'reconnecting' || status === 'offline';
    if (away === this.#away) return;
    this.#away = away;
    clearTimeout(this.#timer);
    if (away) {
      this.back = false;
      this.#seen = restoring;
      this.#timer = setTimeout(() => (this.#seen = true), SEEN_MS);
    } else if (this.#seen && status !== 'failed' && messages.length > 0) {
      this.back = true;
      this.#timer = setTimeout(() => {
        this.back = false;
        this.#host.requestUpdate();
      }, SHOWN_MS);
    }
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
    this.back = false;
    this.#away = false;
  }
}
