import { html, type TemplateResult } from 'lit';

/** Draws a link that leaves the page and tells the other side nothing. `href` has been judged by `safeUrl`. */
export function renderLink(href: string, text: string): TemplateResult {
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`;
}
