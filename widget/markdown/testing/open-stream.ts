import { createMarkdownStream, type MarkdownOptions } from '../markdown-stream.ts';

const OPTIONS: MarkdownOptions = {
  allowImages: false,
  copyLabel: 'Copy',
  copiedLabel: 'Copied',
  codeLabel: 'code',
  // Time stands still, so that each update is drawn.
  clock: () => 0,
  pauseMs: 0,
};

/** Markdown that a test draws, and the element it is drawn into. */
export interface OpenStream {
  host: HTMLElement;
  update(text: string, done?: boolean): void;
}

/** Creates markdown that is drawn into an element of its own, as the widget does. */
export function openStream(options: Partial<MarkdownOptions> = {}): OpenStream {
  const host = document.createElement('div');
  const { update } = createMarkdownStream(host, { ...OPTIONS, ...options });
  return { host, update: (text, done = false) => update(text, done) };
}
