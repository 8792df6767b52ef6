import { html, nothing, type TemplateResult } from 'lit';
import { closeIcon, newChatIcon, saveIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';

/** What the header shows, and what its buttons do. */
export interface HeaderModel {
  strings: Strings;
  heading: string;
  view: ChatView;
  /** Null when the panel cannot be closed. */
  onClose: (() => void) | null;
  /** Null while the chat is empty. */
  onNewChat: (() => void) | null;
  /** Null while there is nothing to save. */
  onSave: (() => void) | null;
}

/** Draws the heading with the state of the connection, and the buttons beside it. */
export function renderHeader({ strings, heading, view, onClose, onNewChat, onSave }: HeaderModel): TemplateResult {
  // No <header>: outside of a section it would be a second banner of the page.
  return html`<div class="header" part="header">
    <rc-line .strings=${strings} .view=${view} .heading=${heading}></rc-line>
    <slot name="header"></slot>
    ${onSave ? renderIconButton(strings.exportChat, 'export-button', saveIcon(), onSave) : nothing}
    ${onNewChat ? renderIconButton(strings.newChat, 'new-chat-button', newChatIcon(), onNewChat) : nothing}
    ${onClose ? renderIconButton(strings.close, 'close-button', closeIcon(), onClose) : nothing}
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
