import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { isCompositionKey } from '../field.ts';

/** A window this narrow or low is filled by the panel. Keep in step with rc-panel.styles.ts. */
const PHONE = '(max-width: 480px), (max-height: 480px)';

/** The elements between which the focus moves. */
export interface PanelElements {
  panel: HTMLElement;
  /** The field to type in. */
  input: HTMLElement | null;
  launcher: HTMLElement | null;
}

/** What a focus controller asks its element for. */
export interface FocusControllerOptions {
  /** Null while the panel is not drawn. */
  find(): PanelElements | null;
  /** True while the panel floats and is open. */
  isOpen(): boolean;
  close(): void;
}

/**
 * Makes a floating panel a dialog: the focus goes in and comes back, Escape closes it; on a phone, where the panel
 * covers the page, the focus stays in it and it fits above the on-screen keyboard.
 */
export class FocusController implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #options: FocusControllerOptions;
  readonly #phone = matchMedia(PHONE);
  #cameFrom: HTMLElement | null = null;
  #wasOpen = false;

  constructor(host: ReactiveControllerHost & HTMLElement, options: FocusControllerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** The panel covers the page, so that nothing behind it can be reached. */
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

  /** Call when a visitor has opened the panel and it is drawn: moves the focus into it. */
  moveFocusIn(): void {
    this.#cameFrom = this.#focused();
    this.focusInput();
  }

  /** Moves the focus to the field, from where it may have been lost. */
  focusInput(): void {
    const { panel, input } = this.#options.find() ?? {};
    // On a touch screen a focused field brings up the keyboard before anything has been read.
    const target = matchMedia('(pointer: coarse)').matches ? panel : (input ?? panel);
    target?.focus({ preventScroll: true });
  }

  /** Call when the panel was closed: moves the focus back to where it was before, if it was in the panel. */
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
    if (!this.#options.isOpen() || event.defaultPrevented || isCompositionKey(event)) return;
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

  /** iOS lays the keyboard over the page without a new layout: only the visual viewport knows what is left to see. */
  #fit = (): void => {
    const panel = this.#options.isOpen() ? this.#options.find()?.panel : null;
    if (!panel || !visualViewport) return;
    panel.style.setProperty('--_visible-height', `${visualViewport.height}px`);
    panel.style.setProperty('--_visible-top', `${visualViewport.offsetTop}px`);
  };
}
