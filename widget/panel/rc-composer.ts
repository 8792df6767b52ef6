import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { fitToText, isSendKey } from '../field.ts';
import { sendIcon, stopIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';
import { createRecall } from './recall.ts';

/**
 * The field and its button: Send or, while an answer is being written, Stop in the same place. Draws into its parent's
 * shadow tree, so that one style sheet and the page's `::part()` reach it. Its events stay inside the widget.
 *
 * @fires rc-composer-send - with the text as detail
 * @fires rc-composer-stop
 */
export class RcComposer extends LitElement {
  static override properties = {
    strings: { attribute: false },
    placeholder: {},
    prompts: { attribute: false },
    busy: { type: Boolean },
    stopping: { type: Boolean },
    locked: { type: Boolean },
    blank: { state: true },
  };

  /** Brings back earlier prompts. */
  readonly #recall = createRecall();

  declare private blank: boolean;

  declare strings: Strings;
  declare placeholder: string;
  /** The visitor's own prompts, oldest first; read when an arrow key asks for one. */
  declare prompts: () => readonly string[];
  /** There is something to stop. */
  declare busy: boolean;
  /** It was asked to stop, and has not yet. */
  declare stopping: boolean;
  /** Nothing can be sent any more. */
  declare locked: boolean;

  constructor() {
    super();
    this.placeholder = '';
    this.prompts = () => [];
    this.busy = false;
    this.stopping = false;
    this.locked = false;
    this.blank = true;
  }

  /** The field; null before the first render. */
  get input(): HTMLTextAreaElement | null {
    return this.querySelector('textarea');
  }

  /** Puts back a text that could not be sent, unless another one was begun meanwhile. */
  giveBack(text: string): void {
    if (!this.input || this.input.value !== '') return;
    this.input.value = text;
    this.#readInput();
  }

  /** Removes a text that was put back and is now sent again. */
  takeBack(text: string): void {
    if (this.input?.value !== text) return;
    this.input.value = '';
    this.#readInput();
  }

  #readInput(): void {
    const { input } = this;
    if (!input) return;
    this.blank = input.value.trim() === '';
    fitToText(input);
  }

  #send(): void {
    const { input } = this;
    if (!input || this.busy || this.locked || input.value.trim() === '') return;
    const text = input.value;
    input.value = '';
    this.#readInput();
    this.dispatchEvent(new CustomEvent('rc-composer-send', { bubbles: true, detail: text }));
  }

  readonly #onInput = (): void => this.#readInput();

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    const { input } = this;
    if (input && this.#recall(event, input, this.prompts)) {
      event.preventDefault();
      this.#readInput();
    }
    if (!isSendKey(event)) return;
    event.preventDefault();
    this.#send();
  };

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault();
    if (!this.busy) this.#send();
  };

  readonly #onClick = (event: MouseEvent): void => {
    // The second click of a double click on Send was meant for Send.
    if (this.busy && !this.stopping && event.detail <= 1)
      this.dispatchEvent(new CustomEvent('rc-composer-stop', { bubbles: true }));
  };

  protected override createRenderRoot(): this {
    return this;
  }

  protected override updated(changed: PropertyValues<this>): void {
    // A focused Stop that becomes a disabled Send would drop the focus to the page.
    if (changed.has('busy') && changed.get('busy') === true && !this.busy && this.matches(':focus-within')) {
      this.input?.focus({ preventScroll: true });
    }
  }

  protected override render(): TemplateResult {
    const { strings, busy, stopping, locked, blank } = this;
    const label = busy ? strings.stop : strings.send;
    return html`<form class="composer" part="composer" @submit=${this.#onSubmit}>
      <textarea
        part="input"
        rows="1"
        dir=${blank ? nothing : 'auto'}
        enterkeyhint="send"
        autocomplete="off"
        aria-label=${strings.message}
        placeholder=${this.placeholder}
        ?disabled=${locked}
        @input=${this.#onInput}
        @keydown=${this.#onKeyDown}
      ></textarea>
      <button
        type=${busy ? 'button' : 'submit'}
        class=${busy ? 'send stop' : 'send'}
        part=${busy ? 'send-button stop-button' : 'send-button'}
        aria-label=${label}
        title=${label}
        aria-disabled=${stopping ? 'true' : nothing}
        ?disabled=${!busy && (blank || locked)}
        @click=${this.#onClick}
      >
        ${busy ? stopIcon() : sendIcon()}
      </button>
    </form>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-composer': RcComposer;
  }
}
