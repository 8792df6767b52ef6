/**
 * The part of the widget that draws markdown. It is loaded when the first answer is drawn, which stands there as plain
 * text until then.
 */
import { createMarkdownStream, type MarkdownTools } from './markdown/markdown-stream.ts';
import { adoptStyles } from './markdown/styles.ts';

/** Markdown drawn into an element, in whose tree the looks of it are adopted. */
export function createMarkdown(host: HTMLElement, tools: MarkdownTools): { update(text: string, done: boolean): void } {
  // Later, since an element is filled before it is put in its place, where alone its tree is known.
  queueMicrotask(() => adoptStyles(host));
  return createMarkdownStream(host, tools);
}
