import { createCodeCard } from '../../elements/code-card.ts';
import { safeUrl } from '../../elements/message-parts.ts';
import { createPlainText } from '../../elements/plain-text.ts';
import { createMarkdownStream, type MarkdownTools } from '../markdown-stream.ts';

const LABELS = { copyLabel: 'Copy', codeLabel: 'code' };
const TOOLS: MarkdownTools = {
  allowImages: false,
  createCodeCard: (language) => createCodeCard(language, LABELS),
  createPlainText: (host) => createPlainText(host, LABELS),
  safeUrl,
  // Time stands still, so that each update is drawn.
  clock: () => 0,
  pauseMs: 0,
};

export interface OpenStream {
  host: HTMLElement;
  update(text: string, done?: boolean): void;
}

/** Markdown that is drawn into an element of its own, as the widget does. */
export function openStream(tools: Partial<MarkdownTools> = {}): OpenStream {
  const host = document.createElement('div');
  const { update } = createMarkdownStream(host, { ...TOOLS, ...tools });
  return { host, update: (text, done = false) => update(text, done) };
}
