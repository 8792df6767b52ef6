import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Strings } from '../locales/en.ts';

/** What an empty chat shows. */
export interface EmptyModel {
  strings: Strings;
  greeting: string;
  suggestions: readonly string[];
  onPick: (text: string) => void;
}

/**
 * Draws a chat before the first prompt: a thread comes in from the side, ties a loop and runs down past the greeting,
 * with the suggestions knotted to it. Later each answer hangs on such a thread.
 */
export function renderEmpty({ strings, greeting, suggestions, onPick }: EmptyModel): TemplateResult {
  return html`<div class="empty" part="empty">
    ${LOOP}
    <div class="hello">
      <slot name="empty"><p class="greeting" part="greeting" dir="auto">${greeting}</p></slot>
    </div>
    ${
      suggestions.length === 0
        ? nothing
        : html`<ul class="suggestions" part="suggestions" aria-label=${strings.suggestions}>
          ${suggestions.map(
            (text) =>
              html`<li>
                <button type="button" class="suggestion" part="suggestion" @click=${() => onPick(text)}>
                  <span dir="auto">${text}</span>
                </button>
              </li>`,
          )}
        </ul>`
    }
  </div>`;
}

/** Ends in the lower left corner at any scale, where the border begins that continues it. */
const LOOP = html`<svg class="loop" viewBox="0 0 280 190" preserveAspectRatio="xMinYMax meet" aria-hidden="true">
  ${svg`<path d="M800-20C560-40 250 2 166 64C124 92 80 96 80 66C80 36 128 34 128 66C128 100 56 108 24 128C4 140 0 158 0 190"/>`}
</svg>`;

/** Draws the outlines of a conversation whose transcript is on its way. */
export function renderRestoring(strings: Strings): TemplateResult {
  return html`<div class="restoring" part="restoring">
    <span class="sr">${strings.restoringNotice}</span>
    <i class="own"></i><i></i><i></i><i class="short"></i>
  </div>`;
}
