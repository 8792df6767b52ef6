import { svg, type TemplateResult } from 'lit';

export function icon(content: TemplateResult): TemplateResult {
  return svg`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${content}</svg>`;
}

export const launcherIcons = {
  /** A speech mark drawn with one thread that ends in a dot: the sign of the whole widget. */
  launcher: icon(
    svg`<path d="M5.2 15.6c-1.7-1.3-2.7-3.2-2.7-5.3C2.500 6.300 5.900 3.500 10 3.500s7.500 2.800 7.500 6.800-3.400 6.700-7.500 6.700"/><circle cx="6.900" cy="17" r="1.150" fill="currentColor" stroke="none"/>`,
  ),
  chevron: icon(svg`<path d="M4.500 7.500 10 13l5.500-5.500"/>`),
};
