import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';
import { renderEmpty } from './empty.ts';
import { currentLater } from './later.ts';
import { readNotice } from './notice.ts';
import type { MessageEdit, MessageRating } from './rc-message.ts';
import { readRows, type Row } from './rows.ts';
import { renderHeader, renderNotice, renderRestoring } from './views.ts';

/** What a visitor can do in the panel. */
export interface PanelActions {
  close(): void;
  newChat(): void;
  send(text: string): void;
  /** The visitor's own prompts, oldest first. */
  prompts(): readonly string[];
  /** Sends a suggestion. */
  pick(text: string): void;
  stop(): void;
  /** Does again what came to nothing: the connection, or a prompt. */
  retry(): void;
  /** Asks for another answer. */
  regenerate(): void;
  /** Sends an earlier prompt anew, with another text; what came after it goes. */
  edit(change: MessageEdit): void;
  /** Says what the visitor thinks of an answer. */
  rate(rating: MessageRating): void;
  /** Saves the conversation as a file. */
  save(): void;
  jump(): void;
  /** Something was copied. */
  copied(): void;
  /** A link was clicked; false keeps it from leading anywhere. */
  followLink(href: string): boolean;
}

export interface PanelModel {
  view: ChatView;
  strings: Strings;
  actions: PanelActions;
  floats: boolean;
  /** Closed, behind its launcher. */
  hidden: boolean;
  /** Covers the page. */
  modal: boolean;
  /** The end of the conversation is in view. */
  following: boolean;
  heading: string;
  greeting: string;
  placeholder: string;
  suggestions: readonly string[];
  allowImages: boolean;
}

export function renderPanel(model: PanelModel): TemplateResult {
  const { view, strings, actions, floats, hidden, modal } = model;
  const notice = readNotice(view, strings, Date.now(), currentLater());
  return html`<section
    id="panel"
    class="panel"
    part="panel"
    role=${floats ? 'dialog' : 'region'}
    aria-modal=${floats && modal && !hidden ? 'true' : nothing}
    aria-labelledby="heading"
    tabindex="-1"
    ?inert=${hidden}
  >
    ${renderHeader({
      strings,
      heading: model.heading || strings.heading,
      view,
      canStartAnew: view.messages.length > 0 || view.pending !== null,
      onClose: floats ? actions.close : null,
      onNewChat: actions.newChat,
      onSave: view.messages.length > 0 ? actions.save : null,
    })}
    ${renderMessages(model)}
    <div class="bottom">
      ${model.following ? nothing : (currentLater()?.renderJump(strings, actions.jump) ?? nothing)}
      ${renderNotice({ strings, notice, onRetry: actions.retry, onNewChat: actions.newChat })}
      <rc-composer
        .strings=${strings}
        .prompts=${actions.prompts}
        .placeholder=${model.placeholder || strings.placeholder}
        .busy=${view.run !== null || view.pending !== null}
        .stopping=${view.stopping}
        .locked=${isLocked(view)}
        @rc-composer-send=${(event: CustomEvent<string>) => actions.send(event.detail)}
        @rc-composer-stop=${actions.stop}
      ></rc-composer>
      <slot name="footer"></slot>
    </div>
  </section>`;
}

function renderMessages(model: PanelModel): TemplateResult {
  const { view, strings, actions } = model;
  const rows = readRows(view);
  return html`<div
    class="messages ${view.status}"
    part="messages"
    role="log"
    aria-live="off"
    aria-label=${strings.messages}
    aria-busy=${view.run ? 'true' : 'false'}
    tabindex="0"
    @click=${(event: MouseEvent) => onClick(event, actions)}
    @rc-message-retry=${actions.regenerate}
    @rc-message-edit=${(event: CustomEvent<MessageEdit>) => actions.edit(event.detail)}
    @rc-message-rate=${(event: CustomEvent<MessageRating>) => actions.rate(event.detail)}
    @rc-copied=${actions.copied}
  >
    <div class="content">
      ${rows.length === 0 ? renderNothingYet(model) : nothing}
      ${
        // A conversation grows and is cut at its end only, so that each message keeps its place as long as it is there.
        rows.map((row, index) => keyed(row.message.id, renderRow(row, index === rows.length - 1, model)))
      }
    </div>
  </div>`;
}

function renderNothingYet({ view, strings, greeting, suggestions, actions }: PanelModel): TemplateResult {
  return view.restoring
    ? renderRestoring(strings)
    : renderEmpty({ strings, greeting: greeting || strings.greeting, suggestions, onPick: actions.pick });
}

/** Nothing can be sent any more. */
function isLocked({ problem, readOnly }: ChatView): boolean {
  return readOnly || problem?.code === 'read-only' || problem?.code === 'store-full';
}

function renderRow(row: Row, last: boolean, { view, strings, allowImages }: PanelModel): TemplateResult {
  const { message, progress, dimmed } = row;
  const own = message.role === 'user';
  const run = message.metadata?.run;
  const recovered = run?.status === 'completed' && run.attempt > 1 ? 'recovered' : '';
  // A conversation that has ended cannot be gone back to: the next prompt begins another one.
  const editable = own && !view.run && !view.pending && !view.ended && !isLocked(view);
  return html`<rc-message
    class="${own ? 'own' : 'answer'} ${progress} ${run?.status ?? ''} ${recovered}"
    part="message ${own ? 'user-message' : 'assistant-message'}"
    role="article"
    aria-label=${own ? strings.userMessage : strings.assistantMessage}
    .message=${message}
    .progress=${progress}
    .dimmed=${dimmed}
    .last=${last && !view.readOnly}
    .editable=${editable}
    .rateable=${!view.ended && !isLocked(view)}
    .allowImages=${allowImages}
    .strings=${strings}
  ></rc-message>`;
}

function onClick(event: MouseEvent, { followLink }: PanelActions): void {
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (link instanceof HTMLAnchorElement && !followLink(link.href)) event.preventDefault();
}
