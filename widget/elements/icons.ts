import { svg, type TemplateResult } from 'lit';

function icon(content: TemplateResult): TemplateResult {
  return svg`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${content}</svg>`;
}

export const icons = {
  send: icon(svg`<path d="M10 16V4.5M5 9.2l5-5 5 5"/>`),
  stop: icon(svg`<rect x="5.5" y="5.5" width="9" height="9" rx="1.6" fill="currentColor"/>`),
  close: icon(svg`<path d="M5 5l10 10M15 5 5 15"/>`),
  newChat: icon(svg`<path d="M10 4.5v11M4.5 10h11"/>`),
  down: icon(svg`<path d="M10 4v11.5M5 10.8l5 5 5-5"/>`),
  retry: icon(svg`<path d="M15.5 10a5.5 5.5 0 1 1-1.7-4M15.6 3.2v3.4h-3.4"/>`),
  copy: icon(svg`<rect x="7" y="7" width="9.500" height="9.500" rx="2"/><path d="M4.500 12.500a1 1 0 0 1-1-1v-6a2 2 0 0 1 2-2h6a1 1 0 0 1 1 1"/>`),
  edit: icon(svg`<path d="M4 16l.7-3.300L13 4.400a1.600 1.600 0 0 1 2.300 0l.3.3a1.600 1.600 0 0 1 0 2.300l-8.300 8.300L4 16z"/>`),
  check: icon(svg`<path d="M4.500 10.500 8.300 14.300 15.500 6"/>`),
  /** A speech mark drawn with one thread that ends in a dot: the sign of the whole widget. */
  launcher: icon(svg`<path d="M5.2 15.6c-1.7-1.3-2.7-3.2-2.7-5.3C2.500 6.300 5.900 3.500 10 3.500s7.500 2.800 7.500 6.800-3.400 6.700-7.500 6.700"/><circle cx="6.900" cy="17" r="1.150" fill="currentColor" stroke="none"/>`),
  chevron: icon(svg`<path d="M4.500 7.500 10 13l5.500-5.500"/>`),
};
