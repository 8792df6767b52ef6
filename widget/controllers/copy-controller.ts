import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { COPIED_MS, copyText } from '../copy-text.ts';

/** Copies a text of its host; `copied` is true for a moment afterwards. */
export class CopyController implements ReactiveController {
  copied = false;

  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #text: () => string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost & HTMLElement, text: () => string) {
    this.#host = host;
    this.#text = text;
    host.addController(this);
  }

  /** Copies, and tells the panel with `rc-copied`; selects the host where copying is not allowed. Never rejects. */
  readonly copy = async (): Promise<void> => {
    if (!(await copyText(this.#text(), this.#host))) return;
    this.#set(true);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set(false), COPIED_MS);
    this.#host.dispatchEvent(new CustomEvent('rc-copied', { bubbles: true }));
  };

  hostDisconnected(): void {
    clearTimeout(this.#timer);
    this.copied = false;
  }

  #set(copied: boolean): void {
    this.copied = copied;
    this.#host.requestUpdate();
  }
}
