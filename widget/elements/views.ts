import { html, nothing, type TemplateResult } from 'lit';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';
import { icons } from './icons.ts';
import type { Notice } from './notice.ts';

type Drawn = TemplateResult | typeof nothing;

export interface HeaderModel {
  strings: Strings;
  heading: string;
  view: ChatView;
  canStartAnew: boolean;
  /** Null when the panel cannot be closed. */
  onClose: (() => void) | null;
  onNewChat: () => void;
  /** Null while there is nothing to save. */
  onSave: (() => void) | null;
}

export function renderHeader(model: HeaderModel): TemplateResult {
  const { strings, heading, view, canStartAnew, onClose, onNewChat, onSave } = model;
  // No <header>: outside of a section that would be a second banner of the page.
  return html`<div class="header" part="header">
    <rc-line .strings=${strings} .view=${view} .heading=${heading}></rc-line>
    <slot name="header"></slot>
    ${onSave ? renderIconButton(strings.exportChat, 'export-button', icons.save, onSave) : nothing}
    ${canStartAnew ? renderIconButton(strings.newChat, 'new-chat-button', icons.newChat, onNewChat) : nothing}
    ${onClose ? renderIconButton(strings.close, 'close-button', icons.close, onClose) : nothing}
  </div>`;
}

function renderIconButton(label: string, part: string, icon: TemplateResult, onClick: () => void): TemplateResult {
  return html`<button
    type="button"
    class="icon-button"
    part="header-button ${part}"
    aria-label=${label}
    title=${label}
    @click=${onClick}
  >
    ${icon}
  </button>`;
}

export function renderRestoring(strings: Strings): TemplateResult {
  return html`<div class="restoring" part="restoring">
    <span class="sr">${strings.restoringNotice}</span>
    <i class="own"></i><i></i><i></i><i class="short"></i>
  </div>`;
}

export interface NoticeModel {
  strings: Strings;
  notice: Notice | null;
  onRetry: () => void;
  onNewChat: () => void;
}

export function renderNotice({ strings, notice, onRetry, onNewChat }: NoticeModel): Drawn {
  if (!notice) return nothing;
  const { tone, text, action, brief } = notice;
  return html`<div class="notice ${tone} ${brief ? 'brief' : ''}" part="notice">
    <span>${text}</span>
    ${
      action === null
        ? nothing
        : html`<button type="button" class="text-button" part="notice-button" @click=${action === 'retry' ? onRetry : onNewChat}>
          ${action === 'retry' ? strings.tryAgain : strings.newChat}
        </button>`
    }
  </div>`;
}
