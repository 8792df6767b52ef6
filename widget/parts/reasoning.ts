import { html } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import { definePart } from './part-kind.ts';
import { stepStyles } from './step.styles.ts';

/** What the model thought before it answered, folded. */
export const reasoning = definePart<Extract<ChatPart, { type: 'reasoning' }>>({
  accepts: (part) => part.type === 'reasoning',
  render({ text, state }, { strings, allowImages }) {
    if (typeof text !== 'string') return null;
    return html`<rc-reasoning
      .text=${text}
      .streaming=${state === 'streaming'}
      .strings=${strings}
      .allowImages=${allowImages}
    ></rc-reasoning>`;
  },
  styles: stepStyles,
});
