import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { LazyModule } from '../lazy/lazy-module.ts';

/**
 * Loads a module once its host wants it, tries again for as long as the host is on the page, and redraws the host with
 * each outcome.
 */
export class LazyModuleController<Module> implements ReactiveController {
  /** The last attempt failed; another one follows. */
  failing = false;

  readonly #host: ReactiveControllerHost;
  readonly #module: LazyModule<Module>;
  #wanted = false;
  #loading = false;
  #attempt: Promise<unknown> = Promise.resolve();

  constructor(host: ReactiveControllerHost, module: LazyModule<Module>) {
    this.#host = host;
    this.#module = module;
    host.addController(this);
  }

  /** Null until it has been loaded. */
  get current(): Module | null {
    return this.#module.current;
  }

  /** Starts to load it. */
  want(): void {
    this.#wanted = true;
    if (this.current || this.#loading) return;
    this.#loading = true;
    void this.#load();
  }

  /** Resolves when the attempt under way has ended, in whatever way. */
  async settled(): Promise<void> {
    await this.#attempt;
  }

  hostDisconnected(): void {
    this.#wanted = false;
  }

  async #load(): Promise<void> {
    while (this.#wanted && !this.current) {
      const attempt = this.#module.load().then(
        () => false,
        () => true,
      );
      this.#attempt = attempt;
      this.failing = await attempt;
      this.#host.requestUpdate();
    }
    this.#loading = false;
  }
}
