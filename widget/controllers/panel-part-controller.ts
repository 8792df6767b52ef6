import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Later } from '../later-part.ts';
import type { PanelPart } from '../panel-part.ts';

/** Shared by all chats of a page. */
let loaded: PanelPart | null = null;

/** Fetches what draws the panel when it is needed first, and redraws the element when it has come. */
export class PanelPartController implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
  readonly #onMissing: () => void;
  #loading: Promise<PanelPart | null> | null = null;

  /** `onMissing`: the part cannot be had now; the next `load` tries again. */
  constructor(
    host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment },
    onMissing: () => void,
  ) {
    this.#host = host;
    this.#onMissing = onMissing;
    host.addController(this);
  }

  /** Null until it has come. */
  get part(): PanelPart | null {
    return loaded;
  }

  /** What is drawn and said later; null until it has come. */
  get later(): Later | null {
    return loaded?.currentLater() ?? null;
  }

  hostUpdate(): void {
    const { renderRoot } = this.#host;
    if (renderRoot instanceof ShadowRoot) loaded?.adoptPanelStyles(renderRoot, this.#redraw);
  }

  #redraw = (): void => this.#host.requestUpdate();

  /** Never rejects: the page's own error log is where its developer will look for a blocked or missing file. */
  load(): Promise<PanelPart | null> {
    if (loaded) return Promise.resolve(loaded);
    this.#loading ??= import('../panel-part.ts').then(
      ({ panelPart }) => {
        loaded = panelPart;
        this.#redraw();
        return panelPart;
      },
      (error: unknown) => {
        console.error(error);
        this.#loading = null;
        this.#onMissing();
        return null;
      },
    );
    return this.#loading;
  }

  /** What is being fetched has come, or cannot be had. */
  async settled(): Promise<void> {
    await this.#loading;
  }
}
