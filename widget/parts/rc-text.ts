import { createLazyModule, keepLoading } from '../lazy/lazy-module.ts';
import { importRetry } from '../lazy/import-retry.ts';
import type { Strings } from '../locales/en.ts';
import type { Citations } from './citations.ts';

type MarkdownModule = typeof import('../markdown/index.ts');
type MarkdownStream = ReturnType<MarkdownModule['createMarkdown']>;

/** What draws markdown, for all texts of the page: loaded with the first of them. */
const markdown = createLazyModule<MarkdownModule>(
  (failures) => importRetry<MarkdownModule>('markdown', failures) ?? import('../markdown/index.ts'),
);

/** A text, and how it is drawn. */
export interface TextContent {
  text: string;
  /** No more of it will come. */
  done: boolean;
  strings: Strings;
  /** Images are fetched and shown, and not only linked to. */
  allowImages?: boolean;
  /** What `[1]` in it refers to. */
  citations?: Citations | null;
}

/**
 * One text of an answer, as plain text until what draws markdown has been loaded. Not a Lit element: the nodes in it are
 * kept and changed one by one while it grows, so that a reader's selection stays.
 *
 * @fires rc-copied - inside the widget only, so that it can be read out
 */
export class RcText extends HTMLElement {
  #content: TextContent | null = null;
  #plain: Text | null = null;
  #stream: MarkdownStream | null = null;
  /** The text drawn last, and whether it was drawn as complete. */
  #drawn = { text: '', done: false };

  set content(content: TextContent) {
    const isFirst = this.#content === null;
    this.#content = content;
    if (this.#stream || markdown.current) this.#drawMarkdown(content);
    else {
      this.#drawPlain(content.text);
      if (isFirst) void keepLoading(markdown).then(() => this.#content && this.#drawMarkdown(this.#content));
    }
  }

  #drawPlain(text: string): void {
    if (!this.#plain) {
      this.#plain = document.createTextNode('');
      const paragraph = document.createElement('p');
      paragraph.append(this.#plain);
      this.append(paragraph);
    }
    if (text.startsWith(this.#plain.data)) this.#plain.appendData(text.slice(this.#plain.length));
    else this.#plain.data = text;
  }

  #drawMarkdown({ text, done, strings, allowImages = false, citations = null }: TextContent): void {
    if (!this.#stream && markdown.current) {
      this.replaceChildren();
      this.#plain = null;
      const { copy: copyLabel, copied: copiedLabel, code: codeLabel } = strings;
      this.#stream = markdown.current.createMarkdown(this, { allowImages, copyLabel, copiedLabel, codeLabel });
    }
    const cited = done && citations ? citations.cite(text) : text;
    if (done && this.#drawn.done) {
      if (cited === this.#drawn.text) return;
      // The sources came after the text was done, which is drawn for good: it is drawn from the start.
      this.#stream?.update('', false);
    }
    this.#stream?.update(cited, done);
    if (cited !== text) citations?.mark(this);
    this.#drawn = { text: cited, done };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-text': RcText;
  }
}
