import { createCodeCard } from './code-card.ts';
import { safeUrl } from './message-parts.ts';
import { createPlainText } from './plain-text.ts';

/** Draws one text of an answer into an element, while it is being written. */
export interface TextRenderer {
  /**
   * Shows `text`, all of it as far as it is known; `done` when no more will come. Called at most once a frame.
   * Nodes that are drawn stay as long as the text only grows.
   */
  update(text: string, done: boolean, citations?: Citations | null): void;
}

/** What numbers in brackets in a text that is done refer to. */
export interface Citations {
  /** The text with what makes links of them. */
  cite(text: string): string;
  /** Gives the links that were drawn the looks and the names of citations. */
  mark(host: HTMLElement): void;
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
  if (createMarkdown) return withCitations(createMarkdown(host, tools), host);
  let renderer: TextRenderer = createPlainText(host, options);
  let shown: Parameters<TextRenderer['update']> | null = null;
  void loadMarkdown().then((loaded) => {
    if (!loaded) return;
    host.replaceChildren();
    renderer = withCitations(loaded(host, tools), host);
    if (shown) renderer.update(...shown);
  });
  return {
    update(...next) {
      shown = next;
      renderer.update(...next);
    },
  };
}

function withCitations(renderer: Pick<TextRenderer, 'update'>, host: HTMLElement): TextRenderer {
  /** What was drawn last, and whether it was drawn as done. */
  let drawn = '';
  let wasDone = false;
  return {
    update(text, done, citations = null) {
      const cited = done && citations ? citations.cite(text) : text;
      if (done && wasDone && cited === drawn) return;
      // They have come only after the text was done: what is drawn as a text for good is begun anew.
      if (done && wasDone && cited !== drawn) renderer.update('', false);
      renderer.update(cited, done);
      if (cited !== text) citations?.mark(host);
      drawn = cited;
      wasDone = done;
    },
  };
}
