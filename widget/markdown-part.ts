/**
 * The part of the widget that draws markdown. It is loaded when the first answer is drawn, which stands there as plain
 * text until then.
 */
import { createMarkdownStream, parser, type MarkdownTools } from './markdown/markdown-stream.ts';
import { needsRareRules } from './markdown/needs-rare-rules.ts';
import { adoptStyles, createAdopter } from './markdown/styles.ts';

/** Gives a tree the looks of what the rarer rules read; null as long as they are not there. */
let adoptRareStyles: ReturnType<typeof createAdopter> | null = null;
let loading: Promise<void> | null = null;

/** Fetches what reads rarer marks. Never rejects: without it they stand there as they are written. */
function loadRareRules(): Promise<void> {
  loading ??= import('./markdown/rare-rules.ts').then(
    ({ rareRules }) => {
      parser.add(rareRules);
      adoptRareStyles = createAdopter(rareRules.styles);
    },
    (error: unknown) => {
      console.error(error);
      // The line may have been down: the next answer tries again.
      loading = null;
    },
  );
  return loading;
}

/** `update` answers with a promise when that text is not drawn at once: it resolves when it is. */
export function createMarkdown(
  host: HTMLElement,
  tools: MarkdownTools,
): { update(text: string, done: boolean): Promise<void> | null } {
  // Not at once: an element is filled before it is put in its place, where alone its tree can be told.
  queueMicrotask(() => adoptStyles(host));
  const stream = createMarkdownStream(host, tools);
  let given = '';
  let finished = false;
  /** Up to here the text is known to have no rarer marks; a mark has no more than two lines. */
  let plainTo = 0;
  let state: 'plain' | Promise<void> | 'settled' = 'plain';

  function settle(): void {
    state = 'settled';
    queueMicrotask(() => adoptRareStyles?.(host));
    stream.update(given, finished);
  }

  return {
    update(text, done) {
      if (!text.startsWith(given)) plainTo = 0;
      given = text;
      finished = done;
      if (typeof state !== 'string') return state;
      if (state === 'plain') {
        if (adoptRareStyles) {
          settle();
          return null;
        }
        const from = plainTo && text.lastIndexOf('\n', text.lastIndexOf('\n', plainTo - 1) - 1) + 1;
        if (needsRareRules(text.slice(from), done)) {
          // What is drawn stays as it is: it is shown as soon as it can be drawn as what it is.
          state = loadRareRules().then(settle);
          return state;
        }
        plainTo = text.length;
      }
      stream.update(text, done);
      return null;
    },
  };
}
