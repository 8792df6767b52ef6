import type { Strings } from '../locales/en.ts';
import { readClickedCode, type ClickedCode } from './code-card.ts';
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

/** How long a copy button says that it has copied, ms. */
const COPIED_MS = 2000;

/**
 * One text of an answer. Not a Lit element: what it shows is drawn by a renderer that keeps its own nodes.
 *
 * @fires rc-copied - inside the widget only, so that it can be read out
 */
export class RcText extends HTMLElement {
  #renderer: TextRenderer | null = null;
  #content: TextContent | null = null;
  #resets = new Map<HTMLElement, ReturnType<typeof setTimeout>>();

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
    for (const timer of this.#resets.values()) clearTimeout(timer);
    this.#resets.clear();
  }

  #onClick = (event: Event): void => {
    const clicked = readClickedCode(event);
    if (clicked) void this.#copy(clicked);
  };

  async #copy({ button, code }: ClickedCode): Promise<void> {
    try {
      await navigator.clipboard.writeText(code.textContent);
      this.#showCopied(button);
    } catch {
      // The browser forbids it, or has no clipboard outside https: with the code selected, the reader's own copy
      // command takes it.
      selectContents(code);
    }
  }

  #showCopied(button: HTMLElement): void {
    const strings = this.#content?.strings;
    if (!strings) return;
    clearTimeout(this.#resets.get(button));
    button.textContent = strings.copied;
    this.#resets.set(
      button,
      setTimeout(() => {
        button.textContent = strings.copy;
        this.#resets.delete(button);
      }, COPIED_MS),
    );
    this.dispatchEvent(new CustomEvent('rc-copied', { bubbles: true }));
  }
}

function selectContents(element: Element): void {
  const selection = getSelection();
  const range = document.createRange();
  range.selectNodeContents(element);
  selection?.removeAllRanges();
  selection?.addRange(range);
}
