import { partStyles } from '../parts/index.ts';
import { composerStyles } from './rc-composer.styles.ts';
import { emptyStyles } from './empty.styles.ts';
import { messageNotesStyles } from './message-notes.styles.ts';
import { messageStyles } from './rc-message.styles.ts';
import { noticeStyles } from './notice.styles.ts';
import { mainStyles } from './rc-panel.styles.ts';

/** The style sheets of the panel. Their order is that of the cascade: later ones win. */
export const panelStyles: readonly CSSStyleSheet[] = [
  ...[mainStyles, messageStyles, emptyStyles],
  ...partStyles,
  ...[composerStyles, messageNotesStyles, noticeStyles],
].flatMap(({ styleSheet }) => styleSheet ?? []);
