import { html, type TemplateResult } from 'lit';
import { downIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';

/** Draws the button that leads to the end of the conversation. */
export function renderJump({ jumpToLatest: label }: Strings, onJump: () => void): TemplateResult {
  return html`<button type="button" class="jump" part="jump-button" aria-label=${label} title=${label} @click=${onJump}>
    ${downIcon()}
  </button>`;
}
