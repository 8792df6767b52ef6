import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** In a window so narrow or so low the panel takes the whole screen; the style sheet says the same. */
export const PHONE = '(max-width: 480px), (max-height: 480px)';

export interface PanelElements {
  panel: HTMLElement;
  /** Where one begins to type. */
  input: HTMLElement | null;
  launcher: HTMLElement | null;
}

export interface PanelControllerOptions {
  find(): PanelElements | null;
  /** True while the panel floats and is open. */
  isOpen(): boolean;
  close(): void;
}

/**
 * What makes a floating panel a dialog: focus goes in and comes back, Escape closes it; on a phone, where it covers
 * the page, the focus stays in it and it fits above the on-screen keyboard.
 */
export class PanelController implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #options: PanelControllerOptions;
  readonly #phone = matchMedia(PHONE);
  #cameFrom: HTMLElement | null = null;
  #wasOpen = false;

  constructor(host: ReactiveControllerHost & HTMLElement, options: PanelControllerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** The panel covers the page, and nothing behind it can be reached. */
  get isModal(): boolean {
    return this.#phone.matches;
  }

  hostConnected(): void {
    this.#host.addEventListener('keydown', this.#onKeyDown);
    this.#phone.addEventListener('change', this.#onPhone);
    visualViewport?.addEventListener('resize', this.#fit);
    visualViewport?.addEventListener('scroll', this.#fit);
  }

  hostDisconnected(): void {
    this.#host.removeEventListener('keydown', this.#onKeyDown);
    this.#phone.removeEventListener('change', this.#onPhone);
    visualViewport?.removeEventListener('resize', this.#fit);
    visualViewport?.removeEventListener('scroll', this.#fit);
    this.#cameFrom = null;
  }

  hostUpdated(): void {
    const open = this.#options.isOpen();
    if (open === this.#wasOpen) return;
    this.#wasOpen = open;
    if (open) this.#fit();
  }

  /** Call when a visitor has opened the panel and it is drawn. */
  moveFocusIn(): void {
    this.#cameFrom = this.#focused();
    this.focusInput();
  }

  /** The focus goes to where one types, from where it may have been lost. */
  focusInput(): void {
    const { panel, input } = this.#options.find() ?? {};
    // On a touch screen focus in a text field would bring up the keyboard before anything has been read.
    const target = matchMedia('(pointer: coarse)').matches ? panel : (input ?? panel);
    target?.focus({ preventScroll: true });
  }

  /** Call when the panel was closed: gives the focus back to where it was, if it was in the panel. */
  moveFocusBack(hadFocus: boolean): void {
    const cameFrom = this.#cameFrom;
    this.#cameFrom = null;
    if (!hadFocus) return;
    const target = cameFrom?.isConnected ? cameFrom : this.#options.find()?.launcher;
    target?.focus({ preventScroll: true });
  }

  /** Whether the focus is inside the panel. */
  get hasFocus(): boolean {
    const inside = this.#host.shadowRoot?.activeElement;
    return inside != null && (this.#options.find()?.panel.contains(inside) ?? false);
  }

  #focused(): HTMLElement | null {
    const active = this.#host.shadowRoot?.activeElement ?? document.activeElement;
    return active instanceof HTMLElement && active !== document.body ? active : null;
  }

  #onKeyDown = (event: KeyboardEvent): void => {
    if (!this.#options.isOpen() || event.defaultPrevented || event.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.#options.close();
    } else if (event.key === 'Tab' && this.isModal) {
      this.#keepInside(event);
    }
  };

  #keepInside(event: KeyboardEvent): void {
    const panel = this.#options.find()?.panel;
    if (!panel) return;
    const stops = [...panel.querySelectorAll<HTMLElement>('button, textarea, a[href], summary, [tabindex="0"]')].filter(
      (element) => !element.matches(':disabled') && element.checkVisibility({ visibilityProperty: true }),
    );
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    const active = this.#host.shadowRoot?.activeElement;
    if (!edge || (active !== edge && active !== panel)) return;
    if (active === panel && !event.shiftKey) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }

  #onPhone = (): void => this.#host.requestUpdate();

  /** iOS lays the keyboard over the page without telling the layout: only the visual viewport knows what is left. */
  #fit = (): void => {
    const panel = this.#options.isOpen() ? this.#options.find()?.panel : null;
    if (!panel || !visualViewport) return;
    panel.style.setProperty('--_visible-height', `${visualViewport.height}px`);
    panel.style.setProperty('--_visible-top', `${visualViewport.offsetTop}px`);
  };
}
