import type { Strings } from '../locales/en.ts';
import { currentLater } from './later.ts';
import { createTextRenderer, type Citations, type TextRenderer } from './text-renderer.ts';

export interface TextContent {
  text: string;
  /** No more will come. */
  done: boolean;
  strings: Strings;
  /** Images are fetched and shown, not only linked to. */
  allowImages?: boolean;
  /** What `[1]` in it refers to. */
  citations?: Citations | null;
}

/**
 * One text of an answer. Not a Lit element: what it shows is drawn by a renderer that keeps its own nodes.
 *
 * @fires rc-copied - inside the widget only, so that it can be read out
 */
export class RcText extends HTMLElement {
  #renderer: TextRenderer | null = null;
  #content: TextContent | null = null;

  set content(content: TextContent) {
    this.#content = content;
    const { text, done, strings, allowImages = false, citations = null } = content;
    this.#renderer ??= createTextRenderer(this, { copyLabel: strings.copy, codeLabel: strings.code, allowImages });
    this.#renderer.update(text, done, citations);
  }

  connectedCallback(): void {
    this.addEventListener('click', this.#onClick);
  }

  disconnectedCallback(): void {
    this.removeEventListener('click', this.#onClick);
  }

  #onClick = (event: Event): void => {
    if (this.#content) void currentLater()?.copyCode(event, this.#content.strings);
  };
}
