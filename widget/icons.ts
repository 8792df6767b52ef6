import { svg, type TemplateResult } from 'lit';

function icon(content: TemplateResult): TemplateResult {
  return svg`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${content}</svg>`;
}

/** A speech mark drawn with one thread that ends in a dot: the sign of the whole widget. */
export const launcherIcon = (): TemplateResult =>
  icon(
    svg`<path d="M5.2 15.6c-1.7-1.3-2.7-3.2-2.7-5.3C2.500 6.300 5.900 3.500 10 3.500s7.500 2.800 7.500 6.800-3.400 6.700-7.500 6.700"/><circle cx="6.900" cy="17" r="1.150" fill="currentColor" stroke="none"/>`,
  );

/** Points down: closes the panel. */
export const chevronIcon = (): TemplateResult => icon(svg`<path d="M4.500 7.500 10 13l5.500-5.500"/>`);

/** An arrow up: sends the prompt. */
export const sendIcon = (): TemplateResult => icon(svg`<path d="M10 16V4.5M5 9.2l5-5 5 5"/>`);

/** A square: stops the answer. */
export const stopIcon = (): TemplateResult =>
  icon(svg`<rect x="5.5" y="5.5" width="9" height="9" rx="1.6" fill="currentColor"/>`);

/** A cross: closes, or has failed. */
export const closeIcon = (): TemplateResult => icon(svg`<path d="M5 5l10 10M15 5 5 15"/>`);

/** A plus: begins a new chat. */
export const newChatIcon = (): TemplateResult => icon(svg`<path d="M10 4.5v11M4.5 10h11"/>`);

/** An arrow into a tray: saves the conversation. */
export const saveIcon = (): TemplateResult =>
  icon(svg`<path d="M10 3.500v8.500M6.200 8.500 10 12.300l3.800-3.800M4 16.200h12"/>`);

/** A tick: done. */
export const checkIcon = (): TemplateResult => icon(svg`<path d="M4.500 10.500 8.300 14.300 15.500 6"/>`);

/** An arrow down: leads to the end of the conversation. */
export const downIcon = (): TemplateResult => icon(svg`<path d="M10 4v11.5M5 10.8l5 5 5-5"/>`);

/** A round arrow: asks again. */
export const retryIcon = (): TemplateResult => icon(svg`<path d="M15.5 10a5.5 5.5 0 1 1-1.7-4M15.6 3.2v3.4h-3.4"/>`);

/** Two sheets: copies. */
export const copyIcon = (): TemplateResult =>
  icon(
    svg`<rect x="7" y="7" width="9.500" height="9.500" rx="2"/><path d="M4.500 12.500a1 1 0 0 1-1-1v-6a2 2 0 0 1 2-2h6a1 1 0 0 1 1 1"/>`,
  );

/** A pencil: edits a prompt. */
export const editIcon = (): TemplateResult =>
  icon(
    svg`<path d="M4 16l.7-3.300L13 4.400a1.600 1.600 0 0 1 2.300 0l.3.3a1.600 1.600 0 0 1 0 2.300l-8.300 8.300L4 16z"/>`,
  );

/** A thumb up: a good answer. */
export const thumbUpIcon = (): TemplateResult =>
  icon(
    svg`<path d="M6.500 9 9.700 3.300c1.300 0 2 .9 1.800 2.100L11 8h3.900c1 0 1.700.9 1.500 1.900l-.9 4.700a2 2 0 0 1-2 1.600H6.500zM6.500 9H4v7.200h2.500z"/>`,
  );

/** A thumb down: a bad answer. */
export const thumbDownIcon = (): TemplateResult =>
  icon(
    svg`<path d="M13.500 11l-3.200 5.700c-1.300 0-2-.9-1.800-2.100L9 12H5.100c-1 0-1.700-.9-1.500-1.900l.9-4.700a2 2 0 0 1 2-1.600h7zM13.500 11H16V3.800h-2.500z"/>`,
  );
