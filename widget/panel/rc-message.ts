import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ChatMessage, ChatPart, Rating } from '#shared/protocol.ts';
import { CopyController } from '../controllers/copy-controller.ts';
import type { Strings } from '../locales/en.ts';
import { readMarkdown, readTexts } from '../message-text.ts';
import { readCitations } from '../parts/citations.ts';
import { renderPart, renderPartsBelow } from '../parts/index.ts';
import { renderNotes } from './message-notes.ts';
import { PromptEditor } from './prompt-editor.ts';
import { renderPrompt } from './prompt.ts';

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

/**
 * One message: the visitor's in a quiet bubble, an answer on the page itself beside its thread. Draws into its parent's
 * shadow tree, so that one style sheet and the page's `::part()` reach it. Its events stay inside the widget.
 *
 * @fires rc-message-retry - the visitor asks for another answer
 * @fires rc-message-edit - with a MessageEdit: a prompt is to be sent again
 * @fires rc-message-rate - with a MessageRating
 * @fires rc-copied - something was copied, which is read out
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
  };

  readonly #editor = new PromptEditor(this, {
    canSend: () => this.editable,
    send: (text) => this.#tell('rc-message-edit', { messageId: this.message.id, text }),
  });
  readonly #copier = new CopyController(this, () => readMarkdown(this.message.parts));

  declare message: ChatMessage;
  declare progress: MessageProgress;
  /** Parts that were cut when another relay took over; shown until new text comes. */
  declare dimmed: readonly ChatPart[];
  /** Only the last answer can be asked for again. */
  declare last: boolean;
  /** The prompt may be edited and sent again. */
  declare editable: boolean;
  /** The visitor may rate the answer. */
  declare rateable: boolean;
  declare allowImages: boolean;
  declare strings: Strings;

  constructor() {
    super();
    this.progress = 'done';
    this.dimmed = [];
    this.last = false;
    this.allowImages = false;
    this.editable = false;
    this.rateable = false;
  }

  #tell(type: string, detail?: MessageEdit | MessageRating): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  readonly #onRetry = (): void => this.#tell('rc-message-retry');

  readonly #onRate = (rating: Rating | null): void =>
    this.#tell('rc-message-rate', { messageId: this.message.id, rating });

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    return this.message.role === 'user' ? this.#renderPrompt() : this.#renderAnswer();
  }

  #renderPrompt(): TemplateResult {
    const { message, progress, strings, editable } = this;
    const note = progress === 'sending' ? strings.sending : progress === 'waiting' ? strings.waiting : null;
    return renderPrompt({ text: readTexts(message.parts).join(''), strings, editable, editor: this.#editor, note });
  }

  #renderAnswer(): TemplateResult {
    const { message, dimmed, strings, allowImages, progress } = this;
    const writing = progress === 'writing';
    const citations = writing ? null : readCitations(message.parts, strings);
    const context = { strings, allowImages, citations };
    const isBlank = !message.parts.some(isVisible);
    return html`${message.parts.map((part) => renderPart(part, context))}
      ${
        dimmed.length === 0
          ? nothing
          : html`<div class="dimmed" inert>${dimmed.map((part) => renderPart(part, context))}</div>`
      }
      ${
        writing && dimmed.length === 0 && isBlank
          ? html`<div class="thinking" aria-hidden="true"><i></i><i></i><i></i></div>`
          : nothing
      }
      ${renderPartsBelow(message.parts, context)}
      ${renderNotes({
        ...{ message, strings, writing },
        recovering: isBlank || dimmed.length > 0,
        last: this.last,
        rateable: this.rateable,
        copier: this.#copier,
        onRetry: this.#onRetry,
        onRate: this.#onRate,
      })}`;
  }
}

function isVisible(part: ChatPart): boolean {
  return part.type !== 'step-start' && (part.type !== 'text' || part.text !== '');
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-message': RcMessage;
  }
}
