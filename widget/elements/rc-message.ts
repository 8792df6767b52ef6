import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ChatMessage, ChatPart, Rating } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import { findExtras } from './extras.ts';
import { findLater } from './later.ts';
import { needsExtras, renderPart } from './message-parts.ts';
import type { MessageTools } from './later/message-tools.ts';

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
  /** What can be done with it; null as long as that has not come. */
  #tools: MessageTools | null = null;

  constructor() {
    super();
    this.progress = 'done';
    this.dimmed = [];
    this.last = false;
    this.allowImages = false;
    this.editable = false;
    this.rateable = false;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#tools?.disconnect();
  }

  #onPart = (): void => this.requestUpdate();

  protected override render(): TemplateResult {
    this.#tools ??= findLater(this.#onPart)?.createMessageTools(this) ?? null;
    return this.message.role === 'user' ? this.#renderPrompt() : this.#renderAnswer();
  }

  #renderPrompt(): TemplateResult {
    const { message, progress, strings, editable } = this;
    const tools = this.#tools;
    const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const note = progress === 'sending' ? strings.sending : progress === 'waiting' ? strings.waiting : null;
    if (tools?.editing) return tools.renderEditor(text);
    return html`<div class="prompt">
        <div class="bubble"><div dir="auto">${text}</div></div>
        ${(editable && tools?.renderEdit()) || nothing}
      </div>
      ${note === null ? nothing : html`<div class="note brief">${note}</div>`}`;
  }

  #renderAnswer(): TemplateResult {
    const { message, dimmed, strings, allowImages, progress } = this;
    const extras = needsExtras(message.parts) ? findExtras(this.#onPart) : null;
    extras?.adoptStyles(this);
    const citations = progress === 'writing' ? null : (extras?.readCitations(message.parts, strings) ?? null);
    const isBlank = !message.parts.some(isVisible);
    const context = { strings, allowImages, extras, citations };
    return html`${message.parts.map((part) => renderPart(part, context))}
      ${
        dimmed.length === 0
          ? nothing
          : html`<div class="dimmed" inert>${dimmed.map((part) => renderPart(part, context))}</div>`
      }
      ${
        progress === 'writing' && dimmed.length === 0 && isBlank
          ? html`<div class="thinking" aria-hidden="true"><i></i><i></i><i></i></div>`
          : nothing
      }
      ${extras?.renderSources(message.parts, strings) ?? nothing}
      ${this.#tools ? this.#tools.renderNotes(isBlank || dimmed.length > 0) : progress === 'writing' ? nothing : PLACE}`;
  }
}

/** Keeps the place of what stands below an answer. */
const PLACE = html`<div class="notes"></div>`;

function isVisible(part: ChatPart): boolean {
  return part.type !== 'step-start' && (part.type !== 'text' || part.text !== '');
}
