import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Redraws its host each second until a moment has passed, for a waiting time that counts down. */
export class ClockController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #until: () => number | null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `until` is read after each update: ms since the epoch, null when there is nothing to wait for. */
  constructor(host: ReactiveControllerHost, until: () => number | null) {
    this.#host = host;
    this.#until = until;
    host.addController(this);
  }

  hostUpdated(): void {
    const left = (this.#until() ?? 0) - Date.now();
    if (left <= 0 || this.#timer !== null) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#host.requestUpdate();
      },
      Math.min(left, 1000),
    );
  }

  hostDisconnected(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
