import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ChatMessage, ChatPart, Rating } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import { fitToText, isSendKey } from './field.ts';
import { findExtras } from './extras.ts';
import { icons } from './icons.ts';
import { renderAction, renderRating } from './message-actions.ts';
import { needsExtras, renderPart } from './message-parts.ts';
import { readMarkdown } from './message-text.ts';
import { describeFailure } from './notice.ts';

/** How far a message has come, apart from what its own metadata says. */
export type MessageProgress = 'done' | 'writing' | 'sending' | 'waiting';

/** The detail of `rc-message-edit`. */
export interface MessageEdit {
  messageId: string;
  text: string;
}

/** The detail of `rc-message-rate`. */
export interface MessageRating {
  messageId: string;
  rating: Rating | null;
}

/** How long the copy button says that it has copied, ms. */
const COPIED_MS = 2000;

/**
 * One message: the visitor's in a quiet bubble, an answer on the page itself beside its thread. Draws into its
 * parent's shadow tree, so that one style sheet and the page's `::part()` reach it.
 *
 * @fires rc-message-retry - the visitor asks for another answer; inside the widget only
 * @fires rc-message-edit - with `{messageId, text}`, a prompt to be sent anew; inside the widget only
 * @fires rc-message-rate - with `{messageId, rating}`; inside the widget only
 * @fires rc-copied - inside the widget only, so that it can be read out
 */
export class RcMessage extends LitElement {
  static override properties = {
    message: { attribute: false },
    progress: {},
    dimmed: { attribute: false },
    last: { type: Boolean },
    editable: { type: Boolean },
    rateable: { type: Boolean },
    allowImages: { type: Boolean },
    strings: { attribute: false },
    copied: { state: true },
    editing: { state: true },
    blank: { state: true },
  };

  declare message: ChatMessage;
  declare progress: MessageProgress;
  /** Parts that were cut when another relay took over; shown until new text comes. */
  declare dimmed: readonly ChatPart[];
  /** Only the last answer can be asked for again. */
  declare last: boolean;
  /** The prompt may be changed and sent again. */
  declare editable: boolean;
  /** The visitor may say what they think of the answer. */
  declare rateable: boolean;
  declare allowImages: boolean;
  declare strings: Strings;
  /** The answer has just been copied. */
  declare private copied: boolean;
  /** The prompt is being changed, in a field in its place. */
  declare private editing: boolean;
  /** The field is empty. */
  declare private blank: boolean;

  #copiedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.progress = 'done';
    this.dimmed = [];
    this.last = false;
    this.allowImages = false;
    this.editable = false;
    this.rateable = false;
    this.copied = false;
    this.editing = false;
    this.blank = false;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#copiedTimer);
    this.copied = false;
  }

  #onExtras = (): void => this.requestUpdate();

  #onRetry = (): void => {
    this.dispatchEvent(new CustomEvent('rc-message-retry', { bubbles: true }));
  };

  #onRate = (rating: Rating | null): void => {
    const detail: MessageRating = { messageId: this.message.id, rating };
    this.dispatchEvent(new CustomEvent('rc-message-rate', { bubbles: true, detail }));
  };

  #onEdit = async (): Promise<void> => {
    this.editing = true;
    this.blank = false;
    await this.updateComplete;
    const { field } = this;
    if (!field) return;
    fitToText(field);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  };

  #onCancel = async (): Promise<void> => {
    this.editing = false;
    await this.updateComplete;
    // Not there while an answer is being written: then to the conversation, so that the focus is not lost.
    const target = this.querySelector<HTMLElement>('.edit') ?? this.closest<HTMLElement>('.messages');
    target?.focus({ preventScroll: true });
  };

  #onFieldInput = (): void => {
    const { field } = this;
    if (!field) return;
    this.blank = field.value.trim() === '';
    fitToText(field);
  };

  #onFieldKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !event.isComposing) {
      // It closes the field, not the panel.
      event.preventDefault();
      event.stopPropagation();
      void this.#onCancel();
    } else if (isSendKey(event)) {
      event.preventDefault();
      this.#sendEdit();
    }
  };

  #onEditSubmit = (event: Event): void => {
    event.preventDefault();
    this.#sendEdit();
  };

  #sendEdit(): void {
    const text = this.field?.value ?? '';
    if (!this.editable || text.trim() === '') return;
    this.editing = false;
    const detail: MessageEdit = { messageId: this.message.id, text };
    this.dispatchEvent(new CustomEvent('rc-message-edit', { bubbles: true, detail }));
  }

  get field(): HTMLTextAreaElement | null {
    return this.querySelector('textarea');
  }

  #onCopy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(readMarkdown(this.message.parts));
    } catch {
      // The browser forbids it, or has no clipboard outside https: with the answer selected, the reader's own copy
      // command takes it.
      getSelection()?.selectAllChildren(this);
      return;
    }
    this.copied = true;
    clearTimeout(this.#copiedTimer);
    this.#copiedTimer = setTimeout(() => (this.copied = false), COPIED_MS);
    this.dispatchEvent(new CustomEvent('rc-copied', { bubbles: true }));
  };

  protected override render(): TemplateResult {
    return this.message.role === 'user' ? this.#renderPrompt() : this.#renderAnswer();
  }

  #renderPrompt(): TemplateResult {
    const { message, progress, strings, editable } = this;
    const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const note = progress === 'sending' ? strings.sending : progress === 'waiting' ? strings.waiting : null;
    if (this.editing) return this.#renderEditor(text);
    return html`<div class="prompt">
        <div class="bubble"><div dir="auto">${text}</div></div>
        ${editable
          ? html`<div class="actions">
              <button
                type="button"
                class="icon-button small edit"
                part="edit-button"
                aria-label=${strings.edit}
                title=${strings.edit}
                @click=${this.#onEdit}
              >
                ${icons.edit}
              </button>
            </div>`
          : nothing}
      </div>
      ${note === null ? nothing : html`<div class="note brief">${note}</div>`}`;
  }

  #renderEditor(text: string): TemplateResult {
    const { strings, blank, editable } = this;
    return html`<form class="editor" part="editor" @submit=${this.#onEditSubmit}>
      <textarea
        rows="1"
        part="edit-input"
        dir="auto"
        enterkeyhint="send"
        autocomplete="off"
        aria-label=${strings.editMessage}
        .value=${text}
        @input=${this.#onFieldInput}
        @keydown=${this.#onFieldKeyDown}
      ></textarea>
      <div class="choices">
        <button type="button" class="text-button" part="cancel-button" @click=${this.#onCancel}>${strings.cancel}</button>
        <button type="submit" class="text-button main" part="send-again-button" ?disabled=${blank || !editable}>
          ${strings.sendAgain}
        </button>
      </div>
    </form>`;
  }

  #renderAnswer(): TemplateResult {
    const { message, dimmed, strings, allowImages, progress } = this;
    const extras = needsExtras(message.parts) ? findExtras(this.#onExtras) : null;
    extras?.adoptStyles(this);
    const citations = progress === 'writing' ? null : (extras?.readCitations(message.parts, strings) ?? null);
    const context = { strings, allowImages, extras, citations };
    return html`${message.parts.map((part) => renderPart(part, context))}
      ${dimmed.length === 0
        ? nothing
        : html`<div class="dimmed" inert>${dimmed.map((part) => renderPart(part, context))}</div>`}
      ${progress === 'writing' && dimmed.length === 0 && !message.parts.some(isVisible)
        ? html`<div class="thinking" aria-hidden="true"><i></i><i></i><i></i></div>`
        : nothing}
      ${extras?.renderSources(message.parts, strings) ?? nothing} ${this.#renderNotes()}`;
  }

  #renderNotes(): TemplateResult | typeof nothing {
    const { message, progress, strings, last, dimmed } = this;
    const run = message.metadata?.run;
    const recovered = (run?.attempt ?? 1) > 1;
    const writing = progress === 'writing';
    const stopped = run?.status === 'cancelled';
    const failed = run?.status === 'failed';
    const canRetry = last && !writing && run !== undefined;
    const canCopy = !writing && readMarkdown(message.parts) !== '';
    const canRate = canCopy && this.rateable && run !== undefined;
    if (!recovered && !stopped && !failed && !canRetry && !canCopy) return nothing;
    const prominent = stopped || failed;
    const retry = canRetry ? this.#renderRetry(prominent) : nothing;
    return html`<div class="notes">
      ${recovered
        ? html`<span class="note recovered">
            ${writing && (dimmed.length > 0 || !message.parts.some(isVisible)) ? strings.recovering : strings.recovered}
          </span>`
        : nothing}
      ${stopped ? html`<span class="note">${strings.stopped}</span>` : nothing}
      ${failed ? html`<span class="note bad">${describeFailure(run?.problem, strings)}</span>` : nothing}
      ${prominent ? retry : nothing}
      ${canCopy || !prominent
        ? html`<div class="actions">
            ${canCopy ? this.#renderCopy() : nothing}${canRate ? this.#renderRating() : nothing}${prominent ? nothing : retry}
          </div>`
        : nothing}
    </div>`;
  }

  #renderCopy(): TemplateResult {
    const label = this.copied ? this.strings.copied : this.strings.copyMessage;
    const icon = this.copied ? icons.check : icons.copy;
    return renderAction({ label, icon, part: 'copy-message-button', onClick: this.#onCopy });
  }

  #renderRating(): TemplateResult {
    const rating = this.message.metadata?.feedback?.rating ?? null;
    return renderRating({ strings: this.strings, rating, onRate: this.#onRate });
  }

  #renderRetry(prominent: boolean): TemplateResult {
    const label = this.strings.tryAgain;
    return prominent
      ? html`<button type="button" class="text-button" part="retry-button" @click=${this.#onRetry}>
          ${icons.retry}${label}
        </button>`
      : renderAction({ label, icon: icons.retry, part: 'retry-button', onClick: this.#onRetry });
  }
}

function isVisible(part: ChatPart): boolean {
  return part.type !== 'step-start' && (part.type !== 'text' || part.text !== '');
}
