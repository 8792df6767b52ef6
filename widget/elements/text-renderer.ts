import { createCodeCard } from './code-card.ts';
import { safeUrl } from './message-parts.ts';
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
  /** Images in an answer are fetched and shown. */
  allowImages?: boolean;
}

type CreateMarkdown = typeof import('../markdown-part.ts').createMarkdown;

let createMarkdown: CreateMarkdown | null = null;
let loading: Promise<CreateMarkdown | null> | null = null;

/** Null when the page cannot have it: texts stay plain, which the page's own error log explains. */
function loadMarkdown(): Promise<CreateMarkdown | null> {
  loading ??= import('../markdown-part.ts').then(
    (part) => (createMarkdown = part.createMarkdown),
    (error: unknown) => {
      console.error(error);
      // The line may have been down: the next answer tries again.
      loading = null;
      return null;
    },
  );
  return loading;
}

/** The renderer in use: markdown, and plain text until its part has come. */
export function createTextRenderer(host: HTMLElement, options: TextRendererOptions): TextRenderer {
  const tools = {
    allowImages: options.allowImages ?? false,
    createCodeCard: (language: string) => createCodeCard(language, options),
    createPlainText: (host: HTMLElement) => createPlainText(host, options),
    safeUrl,
  };
  if (createMarkdown) return createMarkdown(host, tools);
  let renderer: TextRenderer = createPlainText(host, options);
  let shown: [text: string, done: boolean] | null = null;
  void loadMarkdown().then((loaded) => {
    if (!loaded) return;
    host.replaceChildren();
    renderer = loaded(host, tools);
    if (shown) renderer.update(...shown);
  });
  return {
    update(text, done) {
      shown = [text, done];
      renderer.update(text, done);
    },
  };
}
