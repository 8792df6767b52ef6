import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { ChatMessage } from '#shared/protocol.ts';
import { adoptStyles } from '../adopt-styles.ts';
import { AnnounceController } from '../controllers/announce-controller.ts';
import { ClockController } from '../controllers/clock-controller.ts';
import { ScrollController } from '../controllers/scroll-controller.ts';
import type { Strings } from '../locales/en.ts';
import { readPrompts } from '../message-text.ts';
import type { ChatView } from '../session/types.ts';
import type { PanelActions } from './actions.ts';
import { readAnswerAloud } from './announcements.ts';
import { renderEmpty, renderRestoring } from './empty.ts';
import { renderHeader } from './header.ts';
import { renderJump } from './jump.ts';
import { readNotice, renderNotice } from './notice.ts';
import type { RcComposer } from './rc-composer.ts';
import type { MessageEdit, MessageRating } from './rc-message.ts';
import { readRows, type Row } from './rows.ts';
import { saveFile } from './save-file.ts';
import { panelStyles } from './styles.ts';
import { writeMarkdown } from './write-markdown.ts';

/**
 * The panel: header, conversation, notice and composer, and the live region that screen readers are told through. Draws
 * into its parent's shadow tree, so that one style sheet and the page's `::part()` reach everything in it.
 */
export class RcPanel extends LitElement {
  static override properties = {
    view: { attribute: false },
    strings: { attribute: false },
    actions: { attribute: false },
    floats: { type: Boolean },
    closed: { type: Boolean },
    modal: { type: Boolean },
    wasRestoring: { type: Boolean },
    heading: {},
    greeting: {},
    placeholder: {},
    suggestions: { attribute: false },
    allowImages: { type: Boolean },
  };

  readonly #announcer = new AnnounceController(this, {
    view: () => this.view,
    strings: () => this.strings,
    wasRestoring: () => this.wasRestoring,
    readNotice: (view) => readNotice(view, this.strings, 0)?.text ?? '',
    readAnswer: (message) => readAnswerAloud(message, this.strings),
  });
  readonly #scroll = new ScrollController(this, () => {
    const scroller = this.querySelector<HTMLElement>('.messages');
    const content = scroller?.querySelector<HTMLElement>('.content');
    return scroller && content ? { scroller, content } : null;
  });

  /** The conversation as it is shown: while the panel is closed, as it was looked at last. */
  declare view: ChatView;
  declare strings: Strings;
  declare actions: PanelActions;
  /** Behind a launcher, and not in the page. */
  declare floats: boolean;
  declare closed: boolean;
  /** Covers the page. */
  declare modal: boolean;
  /** The conversation was being restored before the panel was there. */
  declare wasRestoring: boolean;
  declare heading: string;
  declare greeting: string;
  declare placeholder: string;
  declare suggestions: readonly string[];
  declare allowImages: boolean;

  constructor() {
    super();
    this.floats = false;
    this.closed = false;
    this.modal = false;
    this.wasRestoring = false;
    this.heading = '';
    this.greeting = '';
    this.placeholder = '';
    this.suggestions = [];
    this.allowImages = false;
    new ClockController(this, () => (this.closed ? null : this.view.retryAt));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    adoptStyles(this, panelStyles);
  }

  /** The field to type in. */
  get input(): HTMLTextAreaElement | null {
    return this.#composer?.input ?? null;
  }

  /** Puts back a text that could not be sent, unless another one was begun meanwhile. */
  giveBack(text: string): void {
    this.#composer?.giveBack(text);
  }

  /** Removes a text that was put back and is now sent again. */
  takeBack(text: string): void {
    this.#composer?.takeBack(text);
  }

  /** Has an answer read out that has ended. */
  announceAnswer(message: ChatMessage): void {
    this.#announcer.announceAnswer(message);
  }

  /** Scrolls to the end of the conversation, and follows it from now on. */
  scrollToEnd(): void {
    this.#scroll.toEnd();
  }

  get #composer(): RcComposer | null {
    return this.querySelector('rc-composer');
  }

  readonly #readPrompts = (): string[] => readPrompts(this.view.messages);

  readonly #onSave = (): void => {
    const text = writeMarkdown(this.view.messages, this.heading, this.strings);
    saveFile(text, `chat-${new Date().toISOString().slice(0, 10)}.md`);
    this.#announcer.announce(this.strings.announceExported);
  };

  readonly #onJump = (): void => {
    this.scrollToEnd();
    this.actions.focusField();
  };

  readonly #onSend = ({ detail }: CustomEvent<string>): void => this.actions.send(detail);

  readonly #onEdit = ({ detail }: CustomEvent<MessageEdit>): void => this.actions.edit(detail.messageId, detail.text);

  readonly #onRate = async ({ detail }: CustomEvent<MessageRating>): Promise<void> => {
    const stored = await this.actions.rate(detail.messageId, detail.rating);
    // A rating that is taken back is read out by its button, and one that failed by the notice.
    if (stored && detail.rating) this.#announcer.announce(this.strings.announceRated);
  };

  readonly #onCopied = (): void => this.#announcer.announce(this.strings.announceCopied);

  readonly #onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (link instanceof HTMLAnchorElement && !this.actions.followLink(link.href)) event.preventDefault();
  };

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { view, strings, actions, floats, closed, modal } = this;
    return html`<section
        id="panel"
        class="panel"
        part="panel"
        role=${floats ? 'dialog' : 'region'}
        aria-modal=${floats && modal && !closed ? 'true' : nothing}
        aria-labelledby="heading"
        tabindex="-1"
        ?inert=${closed}
      >
        ${renderHeader({
          strings,
          heading: this.heading,
          view,
          onClose: floats ? actions.close : null,
          onNewChat: view.messages.length > 0 || view.pending !== null ? actions.newChat : null,
          onSave: view.messages.length > 0 ? this.#onSave : null,
        })}
        ${this.#renderMessages()} ${this.#renderBottom()}
      </section>
      <div class="sr" role="status">${this.#announcer.text}</div>`;
  }

  #renderMessages(): TemplateResult {
    const { view, strings, actions } = this;
    const rows = readRows(view);
    return html`<div
      class="messages ${view.status}"
      part="messages"
      role="log"
      aria-live="off"
      aria-label=${strings.messages}
      aria-busy=${view.run ? 'true' : 'false'}
      tabindex="0"
      @click=${this.#onClick}
      @rc-message-retry=${actions.regenerate}
      @rc-message-edit=${this.#onEdit}
      @rc-message-rate=${this.#onRate}
      @rc-copied=${this.#onCopied}
    >
      <div class="content">
        ${rows.length === 0 ? this.#renderNothingYet() : nothing}
        ${
          // A conversation grows and is cut at its end only, so that each message keeps its place.
          rows.map((row, index) => keyed(row.message.id, this.#renderRow(row, index === rows.length - 1)))
        }
      </div>
    </div>`;
  }

  #renderNothingYet(): TemplateResult {
    const { view, strings, greeting, suggestions, actions } = this;
    return view.restoring
      ? renderRestoring(strings)
      : renderEmpty({ strings, greeting: greeting || strings.greeting, suggestions, onPick: actions.pick });
  }

  #renderRow({ message, progress, dimmed }: Row, last: boolean): TemplateResult {
    const { view, strings, allowImages } = this;
    const own = message.role === 'user';
    const { status = '', attempt = 1 } = message.metadata?.run ?? {};
    const recovered = status === 'completed' && attempt > 1 ? 'recovered' : '';
    const locked = isLocked(view);
    // The next prompt after a conversation that has ended begins another one: an earlier prompt is out of reach.
    const editable = own && !view.run && !view.pending && !view.ended && !locked;
    return html`<rc-message
      class="${own ? 'own' : 'answer'} ${progress} ${status} ${recovered}"
      part="message ${own ? 'user-message' : 'assistant-message'}"
      role="article"
      aria-label=${own ? strings.userMessage : strings.assistantMessage}
      .message=${message}
      .progress=${progress}
      .dimmed=${dimmed}
      .last=${last && !view.readOnly}
      .editable=${editable}
      .rateable=${!view.ended && !locked}
      .allowImages=${allowImages}
      .strings=${strings}
    ></rc-message>`;
  }

  #renderBottom(): TemplateResult {
    const { view, strings, actions } = this;
    return html`<div class="bottom">
      ${this.#scroll.following ? nothing : renderJump(strings, this.#onJump)}
      ${renderNotice({
        strings,
        notice: readNotice(view, strings, Date.now()),
        onRetry: actions.retry,
        onNewChat: actions.newChat,
      })}
      <rc-composer
        .strings=${strings}
        .prompts=${this.#readPrompts}
        .placeholder=${this.placeholder || strings.placeholder}
        .busy=${view.run !== null || view.pending !== null}
        .stopping=${view.stopping}
        .locked=${isLocked(view)}
        @rc-composer-send=${this.#onSend}
        @rc-composer-stop=${actions.stop}
      ></rc-composer>
      <slot name="footer"></slot>
    </div>`;
  }
}

/** Nothing can be sent any more. */
function isLocked({ problem, readOnly }: ChatView): boolean {
  return readOnly || problem?.code === 'read-only' || problem?.code === 'store-full';
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-panel': RcPanel;
  }
}
