/** Everything that draws a conversation. Loaded when the chat is opened. */
import { RcReasoning } from '../parts/rc-reasoning.ts';
import { RcText } from '../parts/rc-text.ts';
import { RcComposer } from './rc-composer.ts';
import { RcLine } from './rc-line.ts';
import { RcMessage } from './rc-message.ts';
import { RcPanel } from './rc-panel.ts';

export { writeMarkdown } from './write-markdown.ts';

const ELEMENTS = {
  'rc-text': RcText,
  'rc-reasoning': RcReasoning,
  'rc-message': RcMessage,
  'rc-composer': RcComposer,
  'rc-line': RcLine,
  'rc-panel': RcPanel,
} as const;

// Another copy of the widget, of whatever version, may have defined them.
if (!customElements.get('rc-panel'))
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
