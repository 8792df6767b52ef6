import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { Strings } from '../locales/en.ts';
import { fitToText, isSendKey } from './field.ts';
import { icons } from './icons.ts';

/**
 * The field and its button, Send or, while an answer is being written, Stop in the same place. Draws into its
 * parent's shadow tree, so that one style sheet and the page's `::part()` reach it.
 *
 * @fires rc-composer-send - with the text as detail; inside the widget only
 * @fires rc-composer-stop - inside the widget only
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

  declare strings: Strings;
  declare placeholder: string;
  /** The visitor's own earlier prompts, oldest first; asked for when an arrow key wants one. */
  declare prompts: () => readonly string[];
  /** There is something to stop. */
  declare busy: boolean;
  /** It was asked to stop, and has not yet. */
  declare stopping: boolean;
  /** Nothing can be sent any more. */
  declare locked: boolean;
  declare private blank: boolean;

  /** The earlier prompt on view: how far back, 1 for the last one, and its text; 0 for none. */
  #recalled = { back: 0, text: '' };

  constructor() {
    super();
    this.placeholder = '';
    this.prompts = () => [];
    this.busy = false;
    this.stopping = false;
    this.locked = false;
    this.blank = true;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  get input(): HTMLTextAreaElement | null {
    return this.querySelector('textarea');
  }

  /** Puts back a text that could not be sent, unless another was begun meanwhile. */
  giveBack(text: string): void {
    if (!this.input || this.input.value !== '') return;
    this.input.value = text;
    this.#grow();
  }

  /** Clears a text that was put back and is now sent again. */
  takeBack(text: string): void {
    if (this.input?.value !== text) return;
    this.input.value = '';
    this.#grow();
  }

  #onInput = (): void => this.#grow();

  #grow(): void {
    const { input } = this;
    if (!input) return;
    this.blank = input.value.trim() === '';
    fitToText(input);
  }

  #onKeyDown = (event: KeyboardEvent): void => {
    if (this.#recall(event)) event.preventDefault();
    if (!isSendKey(event)) return;
    event.preventDefault();
    this.#send();
  };

  /** Arrow up in an empty field brings back earlier prompts, arrow down later ones, as in a shell. */
  #recall(event: KeyboardEvent): boolean {
    const { input } = this;
    const step = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (!input || step === 0 || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false;
    // What was typed, or changed, is the visitor's: there the arrows move the caret, as they do within a recalled text.
    if (input.value === '') this.#recalled = { back: 0, text: '' };
    if (input.value !== this.#recalled.text || input.selectionStart !== input.value.length) return false;
    const prompts = this.prompts();
    const back = this.#recalled.back + step;
    if (back < 0 || back > prompts.length) return false;
    const text = prompts.at(-back) ?? '';
    this.#recalled = back === 0 ? { back, text: '' } : { back, text };
    input.value = this.#recalled.text;
    input.setSelectionRange(input.value.length, input.value.length);
    this.#grow();
    return true;
  }

  #onSubmit = (event: Event): void => {
    event.preventDefault();
    if (!this.busy) this.#send();
  };

  #onClick = (event: MouseEvent): void => {
    // The second click of a double click on Send meant Send.
    if (this.busy && !this.stopping && event.detail <= 1) this.dispatchEvent(new CustomEvent('rc-composer-stop', { bubbles: true }));
  };

  #send(): void {
    const { input } = this;
    if (!input || this.busy || this.locked || input.value.trim() === '') return;
    const text = input.value;
    input.value = '';
    this.#grow();
    this.dispatchEvent(new CustomEvent('rc-composer-send', { bubbles: true, detail: text }));
  }

  protected override updated(changed: PropertyValues<this>): void {
    // A Stop that turned into a disabled Send would drop the focus to the page.
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
        ${busy ? icons.stop : icons.send}
      </button>
    </form>`;
  }
}
