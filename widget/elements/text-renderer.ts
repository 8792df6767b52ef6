import { createPlainText } from './plain-text.ts';

/** Draws one text of an answer into an element, while it is being written. */
export interface TextRenderer {
  /**
   * Shows `text`, all of it as far as it is known; `done` when no more will come. Called at most once a frame.
   * Nodes that are drawn stay as long as the text only grows.
   */
  update(text: string, done: boolean): void;
}

export interface TextRendererOptions {
  /** The name of a code card's button. */
  copyLabel: string;
  /** Stands in for a language that a code block does not name. */
  codeLabel: string;
}

/** The renderer in use. A richer one may be put in its place here, and nowhere else. */
export function createTextRenderer(host: HTMLElement, options: TextRendererOptions): TextRenderer {
  return createPlainText(host, options);
}
