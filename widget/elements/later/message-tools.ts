import { html, nothing, type TemplateResult } from 'lit';
import type { ChatMessage, Rating } from '#shared/protocol.ts';
import type { LaterTools } from '../../later-part.ts';
import type { Strings } from '../../locales/en.ts';
import { readMarkdown } from '../message-text.ts';
import type { MessageEdit, MessageProgress, MessageRating } from '../rc-message.ts';
import { laterIcons } from './icons.ts';
import { renderAction, renderRating } from './message-actions.ts';

/** The element of the message, as far as its tools look at it. */
export interface MessageHost extends HTMLElement {
  readonly message: ChatMessage;
  readonly progress: MessageProgress;
  readonly last: boolean;
  readonly editable: boolean;
  readonly rateable: boolean;
  readonly strings: Strings;
  readonly updateComplete: Promise<boolean>;
  requestUpdate(): void;
}

/** How long the copy button says that it has copied, ms. */
const COPIED_MS = 2000;

/** What can be done with one message, and what is said below it. */
export class MessageTools {
  /** The prompt is being changed, in a field in its place. */
  editing = false;

  readonly #host: MessageHost;
  readonly #tools: LaterTools;
  /** The field is empty. */
  #blank = false;
  /** The answer has just been copied. */
  #copied = false;
  #copiedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: MessageHost, tools: LaterTools) {
    this.#host = host;
    this.#tools = tools;
  }

  /** The message has left the page. */
  disconnect(): void {
    clearTimeout(this.#copiedTimer);
    this.#copied = false;
  }

  renderEdit(): TemplateResult {
    const label = this.#host.strings.edit;
    return html`<div class="actions">
      <button
        type="button"
        class="icon-button small edit"
        part="edit-button"
        aria-label=${label}
        title=${label}
        @click=${this.#onEdit}
      >
        ${laterIcons.edit}
      </button>
    </div>`;
  }

  renderEditor(text: string): TemplateResult {
    const { strings, editable } = this.#host;
    return html`<form class="editor" part="editor" @submit=${this.#onSubmit}>
      <textarea
        rows="1"
        part="edit-input"
        dir="auto"
        enterkeyhint="send"
        autocomplete="off"
        aria-label=${strings.editMessage}
        .value=${text}
        @input=${this.#onInput}
        @keydown=${this.#onKeyDown}
      ></textarea>
      <div class="choices">
        <button type="button" class="text-button" part="cancel-button" @click=${this.#onCancel}>${strings.cancel}</button>
        <button type="submit" class="text-button main" part="send-again-button" ?disabled=${this.#blank || !editable}>
          ${strings.sendAgain}
        </button>
      </div>
    </form>`;
  }

  /** `recovering`: another relay has taken the answer on, and nothing new has come from it. */
  renderNotes(recovering: boolean): TemplateResult | typeof nothing {
    const { message, progress, strings, last, rateable } = this.#host;
    const run = message.metadata?.run;
    const recovered = (run?.attempt ?? 1) > 1;
    const writing = progress === 'writing';
    const stopped = run?.status === 'cancelled';
    const failed = run?.status === 'failed';
    const canRetry = last && !writing && run !== undefined;
    const canCopy = !writing && readMarkdown(message.parts) !== '';
    const canRate = canCopy && rateable && run !== undefined;
    if (!recovered && !stopped && !failed && !canRetry && !canCopy) return nothing;
    const prominent = stopped || failed;
    const retry = canRetry ? this.#renderRetry(prominent) : nothing;
    return html`<div class="notes">
      ${
        recovered
          ? html`<span class="note recovered">${writing && recovering ? strings.recovering : strings.recovered}</span>`
          : nothing
      }
      ${stopped ? html`<span class="note">${strings.stopped}</span>` : nothing}
      ${failed ? html`<span class="note bad">${this.#tools.describeFailure(run?.problem, strings)}</span>` : nothing}
      ${prominent ? retry : nothing}
      ${
        canCopy || !prominent
          ? html`<div class="actions">
            ${canCopy ? this.#renderCopy() : nothing}${canRate ? this.#renderRating() : nothing}${prominent ? nothing : retry}
          </div>`
          : nothing
      }
    </div>`;
  }

  #renderCopy(): TemplateResult {
    const { strings } = this.#host;
    const label = this.#copied ? strings.copied : strings.copyMessage;
    const icon = this.#copied ? this.#tools.checkIcon : laterIcons.copy;
    return renderAction({ label, icon, part: 'copy-message-button', onClick: this.#onCopy });
  }

  #renderRating(): TemplateResult {
    const { message, strings } = this.#host;
    return renderRating({ strings, rating: message.metadata?.feedback?.rating ?? null, onRate: this.#onRate });
  }

  #renderRetry(prominent: boolean): TemplateResult {
    const label = this.#host.strings.tryAgain;
    return prominent
      ? html`<button type="button" class="text-button" part="retry-button" @click=${this.#onRetry}>
          ${laterIcons.retry}${label}
        </button>`
      : renderAction({ label, icon: laterIcons.retry, part: 'retry-button', onClick: this.#onRetry });
  }

  get #field(): HTMLTextAreaElement | null {
    return this.#host.querySelector('textarea');
  }

  #setEditing(editing: boolean): Promise<boolean> {
    this.editing = editing;
    this.#host.requestUpdate();
    return this.#host.updateComplete;
  }

  #tell(type: string, detail?: MessageEdit | MessageRating): void {
    this.#host.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  #onRetry = (): void => this.#tell('rc-message-retry');

  #onRate = (rating: Rating | null): void =>
    this.#tell('rc-message-rate', { messageId: this.#host.message.id, rating });

  #onEdit = async (): Promise<void> => {
    this.#blank = false;
    await this.#setEditing(true);
    const field = this.#field;
    if (!field) return;
    this.#tools.fitToText(field);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  };

  #onCancel = async (): Promise<void> => {
    await this.#setEditing(false);
    const host = this.#host;
    // Not there while an answer is being written: then to the conversation, so that the focus is not lost.
    const target = host.querySelector<HTMLElement>('.edit') ?? host.closest<HTMLElement>('.messages');
    target?.focus({ preventScroll: true });
  };

  #onInput = (): void => {
    const field = this.#field;
    if (!field) return;
    this.#blank = field.value.trim() === '';
    this.#host.requestUpdate();
    this.#tools.fitToText(field);
  };

  #onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !event.isComposing) {
      // It closes the field, not the panel.
      event.preventDefault();
      event.stopPropagation();
      void this.#onCancel();
    } else if (this.#tools.isSendKey(event)) {
      event.preventDefault();
      this.#send();
    }
  };

  #onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#send();
  };

  #send(): void {
    const text = this.#field?.value ?? '';
    if (!this.#host.editable || text.trim() === '') return;
    void this.#setEditing(false);
    this.#tell('rc-message-edit', { messageId: this.#host.message.id, text });
  }

  #onCopy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(readMarkdown(this.#host.message.parts));
    } catch {
      // The browser forbids it, or has no clipboard outside https: with the answer selected, the reader's own copy
      // command takes it.
      getSelection()?.selectAllChildren(this.#host);
      return;
    }
    this.#setCopied(true);
    clearTimeout(this.#copiedTimer);
    this.#copiedTimer = setTimeout(() => this.#setCopied(false), COPIED_MS);
    this.#tell('rc-copied');
  };

  #setCopied(copied: boolean): void {
    this.#copied = copied;
    this.#host.requestUpdate();
  }
}
