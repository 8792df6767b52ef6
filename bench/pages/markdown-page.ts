/** In the browser: text that grows is drawn by the widget's engine, or parsed again with each chunk, as most widgets do. */
import DOMPurify from 'dompurify';
import { marked } from 'marked';
import { createMarkdown } from '#widget/markdown/index.ts';

const engines: Record<string, (host: HTMLElement) => (text: string, done: boolean) => void> = {
  widget: (host) =>
    createMarkdown(host, {
      ...{ allowImages: false, copyLabel: 'Copy', copiedLabel: 'Copied', codeLabel: 'code' },
      // With each chunk, as `reparse` does.
      pauseMs: 0,
    }).update,
  reparse: (host) => (text) => {
    host.innerHTML = DOMPurify.sanitize(marked.parse(text, { async: false }));
  },
  // The cost of the timers and of the measurement.
  nothing: () => () => undefined,
};

/** Draws one chunk per task, and resolves with the time of the longest task, in ms. */
async function stream(engine: string, chunks: readonly string[], everyMs: number): Promise<number> {
  const host = document.body.appendChild(document.createElement('div'));
  // Not laid out: only scripts are compared.
  host.hidden = true;
  const update = engines[engine]?.(host);
  if (!update) throw new Error(`no engine ${engine}`);
  let text = '';
  let longest = 0;
  for (const [at, chunk] of chunks.entries()) {
    text += chunk;
    const start = performance.now();
    update(text, at === chunks.length - 1);
    longest = Math.max(longest, performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  const drawn = host.textContent.length;
  host.remove();
  if (engine !== 'nothing' && drawn < text.length / 2)
    throw new Error(`${engine} drew ${drawn} of ${text.length} characters`);
  return longest;
}

Object.assign(globalThis, { stream });
