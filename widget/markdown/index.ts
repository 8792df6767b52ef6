/** Draws markdown while it streams. Loaded with the first answer. */
import { adoptStyles } from '../adopt-styles.ts';
import { createMarkdownStream, type MarkdownOptions, type MarkdownStream } from './markdown-stream.ts';
import { markdownStyles } from './styles.ts';

/** Draws markdown into an element, and gives the tree that the element stands in the looks of it. */
export function createMarkdown(host: HTMLElement, options: MarkdownOptions): MarkdownStream {
  // Later: an element is filled before it is in its place, and only then is its tree known.
  queueMicrotask(() => adoptStyles(host, [markdownStyles]));
  return createMarkdownStream(host, options);
}
