import { html, LitElement, type TemplateResult } from 'lit';
import { ReturnController } from '../controllers/return-controller.ts';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';
import { readLineState } from './notice.ts';

/**
 * The heading between its dot and a word on how the line is; for a few seconds that it is back. Draws into its parent's
 * shadow tree.
 */
export class RcLine extends LitElement {
  static override properties = {
    strings: { attribute: false },
    view: { attribute: false },
    heading: {},
  };

  declare strings: Strings;
  declare view: ChatView;
  declare heading: string;

  readonly #return = new ReturnController(this, () => this.view);

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
