import { html } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import { definePart } from './part-kind.ts';
import { textStyles } from './rc-text.styles.ts';

/** A piece of the answer's text, in markdown. */
export const text = definePart<Extract<ChatPart, { type: 'text' }>>({
  accepts: (part) => part.type === 'text',
  render({ text, state }, { strings, allowImages, citations }) {
    if (typeof text !== 'string') return null;
    const content = { text, done: state !== 'streaming', strings, allowImages, citations };
    return html`<rc-text class="text" .content=${content}></rc-text>`;
  },
  styles: textStyles,
});
