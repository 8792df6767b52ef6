import { html } from 'lit';
import type { ExtraTools, Extras } from '../extras-part.ts';
import { duration, fill } from '../locales/en.ts';
import { icons } from './icons.ts';
import { describeTool, renderLink, safeUrl } from './message-parts.ts';
import { readMarkdown } from './message-text.ts';
import { describeFailure } from './notice.ts';

const TOOLS: ExtraTools = {
  ...{ html, fill, duration, describeTool, describeFailure, renderLink, safeUrl, readMarkdown },
  icons: { done: icons.check, failed: icons.close },
};

let extras: Extras | null = null;
let loading: Promise<Extras> | null = null;

/** Fetches it once; rejects when it cannot be had, and the next call tries again. */
function loadExtras(): Promise<Extras> {
  loading ??= import('../extras-part.ts').then(
    ({ createExtras }) => (extras = createExtras(TOOLS)),
    (error: unknown) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** What has come of it; null as long as it is on its way, and `onLoaded` is then called. */
export function findExtras(onLoaded: () => void): Extras | null {
  // The page's own error log explains why thoughts and tools stay a line each.
  if (!extras) loadExtras().then(onLoaded, (error: unknown) => console.error(error));
  return extras;
}

type Conversation = Parameters<Extras['writeMarkdown']>;

/** A conversation as one markdown text; null when it cannot be had. Never rejects. */
export async function writeMarkdown(...conversation: Conversation): Promise<string | null> {
  try {
    return (await loadExtras()).writeMarkdown(...conversation);
  } catch (error) {
    console.error(error);
    return null;
  }
}

/** Has the browser save it as a file; answers what there is to say of that. Never rejects. */
export async function saveMarkdown(...conversation: Conversation): Promise<string> {
  const [, , strings] = conversation;
  const text = await writeMarkdown(...conversation);
  if (text === null) return strings.errorNotice;
  extras?.saveFile(text, `chat-${new Date().toISOString().slice(0, 10)}.md`);
  return strings.announceExported;
}
