import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ChatMessage, ChatPart } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import { icons } from './icons.ts';
import { renderPart, renderSources } from './message-parts.ts';
import { readMarkdown } from './message-text.ts';
import { describeFailure } from './notice.ts';

/** How far a message has come, apart from what its own metadata says. */
export type MessageProgress = 'done' | 'writing' | 'sending' | 'waiting';

/** How long the copy button says that it has copied, ms. */
const COPIED_MS = 2000;

/**
 * One message: the visitor's in a quiet bubble, an answer on the page itself beside its thread. Draws into its
 * parent's shadow tree, so that one style sheet and the page's `::part()` reach it.
 *
 * @fires rc-message-retry - the visitor asks for another answer; inside the widget only
 * @fires rc-copied - inside the widget only, so that it can be read out
 */
export class RcMessage extends LitElement {
  static override properties = {
    message: { attribute: false },
    progress: {},
    dimmed: { attribute: false },
    last: { type: Boolean },
    allowImages: { type: Boolean },
    strings: { attribute: false },
    copied: { state: true },
  };

  declare message: ChatMessage;
  declare progress: MessageProgress;
  /** Parts that were cut when another relay took over; shown until new text comes. */
  declare dimmed: readonly ChatPart[];
  /** Only the last answer can be asked for again. */
  declare last: boolean;
  declare allowImages: boolean;
  declare strings: Strings;
  /** The answer has just been copied. */
  declare private copied: boolean;

  #copiedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.progress = 'done';
    this.dimmed = [];
    this.last = false;
    this.allowImages = false;
    this.copied = false;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#copiedTimer);
    this.copied = false;
  }

  #onRetry = (): void => {
    this.dispatchEvent(new CustomEvent('rc-message-retry', { bubbles: true }));
  };

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
    const { message, progress, strings } = this;
    const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const note = progress === 'sending' ? strings.sending : progress === 'waiting' ? strings.waiting : null;
    return html`<div class="bubble"><div dir="auto">${text}</div></div>
      ${note === null ? nothing : html`<div class="note brief">${note}</div>`}`;
  }

  #renderAnswer(): TemplateResult {
    const { message, dimmed, strings, allowImages, progress } = this;
    const context = { strings, allowImages };
    return html`${message.parts.map((part) => renderPart(part, context))}
      ${dimmed.length === 0
        ? nothing
        : html`<div class="dimmed" inert>${dimmed.map((part) => renderPart(part, context))}</div>`}
      ${progress === 'writing' && dimmed.length === 0 && !message.parts.some(isVisible)
        ? html`<div class="thinking" aria-hidden="true"><i></i><i></i><i></i></div>`
        : nothing}
      ${renderSources(message.parts, strings)} ${this.#renderNotes()}`;
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
        ? html`<div class="actions">${canCopy ? this.#renderCopy() : nothing}${prominent ? nothing : retry}</div>`
        : nothing}
    </div>`;
  }

  #renderCopy(): TemplateResult {
    const label = this.copied ? this.strings.copied : this.strings.copyMessage;
    return html`<button
      type="button"
      class="icon-button small"
      part="copy-message-button"
      aria-label=${label}
      title=${label}
      @click=${this.#onCopy}
    >
      ${this.copied ? icons.check : icons.copy}
    </button>`;
  }

  #renderRetry(prominent: boolean): TemplateResult {
    const label = this.strings.tryAgain;
    return prominent
      ? html`<button type="button" class="text-button" part="retry-button" @click=${this.#onRetry}>
          ${icons.retry}${label}
        </button>`
      : html`<button
          type="button"
          class="icon-button small"
          part="retry-button"
          aria-label=${label}
          title=${label}
          @click=${this.#onRetry}
        >
          ${icons.retry}
        </button>`;
  }
}

function isVisible(part: ChatPart): boolean {
  return part.type !== 'step-start' && (part.type !== 'text' || part.text !== '');
}
