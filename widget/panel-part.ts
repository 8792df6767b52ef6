/**
 * The part of the widget that is seen once the chat is open. It is loaded then, so that a page on which nobody opens
 * the chat does not pay for it.
 */
import { saveMarkdown, writeMarkdown } from './elements/extras.ts';
import { currentLater, expectLater } from './elements/later.ts';
import { renderPanel } from './elements/panel.ts';
import { RcComposer } from './elements/rc-composer.ts';
import { RcLine } from './elements/rc-line.ts';
import { RcMessage } from './elements/rc-message.ts';
import { RcText } from './elements/rc-text.ts';
import { panelStyles } from './elements/styles/index.ts';

// Another copy of the widget, of whatever version, may have defined them.
if (!customElements.get('rc-message')) {
  customElements.define('rc-text', RcText);
  customElements.define('rc-message', RcMessage);
  customElements.define('rc-composer', RcComposer);
  customElements.define('rc-line', RcLine);
}

/**
 * Gives a shadow root the panel's styles, behind its own, and sees that what is drawn later is fetched; `redraw` is
 * called when it has come.
 */
function adoptPanelStyles(root: ShadowRoot, redraw: () => void): void {
  const later = expectLater(redraw)?.styles ?? [];
  const sheets = panelStyles.flatMap(({ styleSheet }) => styleSheet ?? []).concat(later);
  const missing = sheets.filter((sheet) => !root.adoptedStyleSheets.includes(sheet));
  // Called at each update; and whatever is assigned, the browser looks at all of its rules again.
  if (missing.length > 0) root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...missing];
}

export const panelPart = { adoptPanelStyles, currentLater, renderPanel, saveMarkdown, writeMarkdown };
export type PanelPart = typeof panelPart;

declare global {
  interface HTMLElementTagNameMap {
    'rc-text': RcText;
    'rc-message': RcMessage;
    'rc-composer': RcComposer;
    'rc-line': RcLine;
  }
}
