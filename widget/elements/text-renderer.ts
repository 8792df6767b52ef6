import { createCodeCard } from './code-card.ts';
import { safeUrl } from './message-parts.ts';

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

/** The renderer in use: markdown, and the text as it is until that part has come. */
export function createTextRenderer(host: HTMLElement, options: TextRendererOptions): TextRenderer {
  const tools = {
    allowImages: options.allowImages ?? false,
    createCodeCard: (language: string) => createCodeCard(language, options),
    createPlainText: (host: HTMLElement) => createPlainText(host, options),
    safeUrl,
  };
  if (createMarkdown) return withCitations(createMarkdown(host, tools), host);
  return replaceLater(host, async () => {
    const create = await loadMarkdown();
    return create ? withCitations(create(host, tools), host) : createPlainText(host, options);
  });
}

/** For what is no markdown: a text past its bounds, or without the part that draws it. */
function createPlainText(host: HTMLElement, options: TextRendererOptions): TextRenderer {
  return replaceLater(host, async () => {
    try {
      return (await import('./plain-text.ts')).createPlainText(host, options);
    } catch (error) {
      console.error(error);
      return null;
    }
  });
}

/** Shows the text as it is until there is what draws it better; that begins in an empty host. */
function replaceLater(host: HTMLElement, load: () => Promise<TextRenderer | null>): TextRenderer {
  const text = document.createTextNode('');
  const paragraph = document.createElement('p');
  paragraph.append(text);
  host.append(paragraph);
  let renderer: TextRenderer | null = null;
  let shown: Parameters<TextRenderer['update']> | null = null;
  void load().then((loaded) => {
    if (!loaded) return;
    paragraph.remove();
    renderer = loaded;
    if (shown) renderer.update(...shown);
  });
  return {
    update(...next) {
      shown = next;
      const [source] = next;
      if (renderer) renderer.update(...next);
      // What is there stays, and with it what a reader has selected.
      else if (source.startsWith(text.data)) text.appendData(source.slice(text.length));
      else text.data = source;
    },
  };
}

function withCitations(renderer: ReturnType<CreateMarkdown>, host: HTMLElement): TextRenderer {
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
