import { html, LitElement, type TemplateResult } from 'lit';
import { ReturnController } from '../controllers/return-controller.ts';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';

/**
 * The heading between its dot and a word for the state of the connection; for a few seconds, that it is back. Draws into
 * its parent's shadow tree.
 */
export class RcLine extends LitElement {
  static override properties = {
    strings: { attribute: false },
    view: { attribute: false },
    heading: {},
  };

  readonly #return = new ReturnController(this, () => this.view);

  declare strings: Strings;
  declare view: ChatView;
  declare heading: string;

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { tone, label } = readLineState(this.view, this.strings, this.#return.back);
    return html`<span class="dot ${tone}" part="status-dot"></span>
      <h2 class="heading" part="heading" id="heading">${this.heading}</h2>
      <span class="line ${tone}" part="status">${label}</span>`;
  }
}

/** The state of the connection, in one word for the header. */
interface LineState {
  tone: 'good' | 'back' | 'busy' | 'warn' | 'bad';
  label: string;
}

function readLineState(view: ChatView, strings: Strings, back: boolean): LineState {
  if (view.status === 'offline') return { tone: 'warn', label: strings.offline };
  if (view.status === 'reconnecting') return { tone: 'warn', label: strings.reconnecting };
  if (view.status === 'failed') return { tone: 'bad', label: strings.failed };
  if (view.restoring) return { tone: 'busy', label: strings.restoring };
  if (view.status === 'connecting') return { tone: 'busy', label: strings.connecting };
  if (back) return { tone: 'back', label: strings.resumed };
  if (view.run) return { tone: 'busy', label: strings.writing };
  return { tone: 'good', label: '' };
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-line': RcLine;
  }
}
