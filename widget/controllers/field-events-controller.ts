import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Events by which a field is written in. */
const FIELD_EVENTS = [
  'keydown',
  'keypress',
  'keyup',
  'beforeinput',
  'input',
  'compositionstart',
  'compositionupdate',
  'compositionend',
  'copy',
  'cut',
  'paste',
] as const;

/** Keys that a dialog of the page needs, for closing and for keeping the focus inside. */
const PAGE_KEYS: ReadonlySet<string> = new Set(['Escape', 'Tab']);

/**
 * Keeps what happens in the chat's fields from the page: its keyboard shortcuts would run while a visitor types, since
 * outside the shadow tree the event's target is no field, and a handler that prevents keys or pasting would eat the
 * text. Listeners of the page's that run in the capture phase come first and cannot be stopped.
 */
export class FieldEventsController implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;

  /** Add it last: listeners of the element's own that come before it are called as ever. */
  constructor(host: ReactiveControllerHost & HTMLElement) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    for (const type of FIELD_EVENTS) this.#host.addEventListener(type, this.#onEvent);
  }

  hostDisconnected(): void {
    for (const type of FIELD_EVENTS) this.#host.removeEventListener(type, this.#onEvent);
  }

  #onEvent = (event: Event): void => {
    const [target] = event.composedPath();
    if (!(target instanceof HTMLTextAreaElement) || target.getRootNode() !== this.#host.shadowRoot) return;
    if (event instanceof KeyboardEvent && PAGE_KEYS.has(event.key)) return;
    event.stopPropagation();
  };
}
