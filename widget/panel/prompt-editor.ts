import type { ReactiveControllerHost } from 'lit';
import { fitToText, isCompositionKey, isSendKey } from '../field.ts';

/** What a prompt editor asks its message for. */
export interface PromptEditorOptions {
  /** Whether a text may be sent now. */
  canSend(): boolean;
  send(text: string): void;
}

/** The state of a prompt that is edited in its place: whether its field is open, and what happens in it. */
export class PromptEditor {
  /** The field is open. */
  editing = false;
  /** The field has nothing in it that could be sent. */
  blank = false;

  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #options: PromptEditorOptions;

  constructor(host: ReactiveControllerHost & HTMLElement, options: PromptEditorOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Opens the field, with the caret at the end of its text. */
  readonly open = async (): Promise<void> => {
    this.blank = false;
    await this.#setEditing(true);
    const field = this.#field;
    if (!field) return;
    fitToText(field);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  };

  /** Closes the field and leaves the prompt as it was. */
  readonly cancel = async (): Promise<void> => {
    await this.#setEditing(false);
    // While an answer is being written there is no Edit button: then the focus goes to the conversation.
    const target = this.#host.querySelector<HTMLElement>('.edit') ?? this.#host.closest<HTMLElement>('.messages');
    target?.focus({ preventScroll: true });
  };

  readonly onInput = (): void => {
    const field = this.#field;
    if (!field) return;
    this.blank = field.value.trim() === '';
    this.#host.requestUpdate();
    fitToText(field);
  };

  readonly onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !isCompositionKey(event)) {
      // Escape closes the field, and not the panel too.
      event.preventDefault();
      event.stopPropagation();
      void this.cancel();
    } else if (isSendKey(event)) {
      event.preventDefault();
      this.#send();
    }
  };

  readonly onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#send();
  };

  get #field(): HTMLTextAreaElement | null {
    return this.#host.querySelector('textarea');
  }

  async #setEditing(editing: boolean): Promise<void> {
    this.editing = editing;
    this.#host.requestUpdate();
    await this.#host.updateComplete;
  }

  #send(): void {
    const text = this.#field?.value ?? '';
    if (!this.#options.canSend() || text.trim() === '') return;
    void this.#setEditing(false);
    this.#options.send(text);
  }
}
