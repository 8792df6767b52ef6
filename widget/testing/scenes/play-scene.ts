import type { ResumableChat } from '../../resumable-chat.ts';
import type { ScriptedSession } from '../scripted-session.ts';
import type { Scene } from './scenes.ts';
import type { Words } from './words.ts';

/** A view counts as drawn when nothing has changed for this long, ms. */
const QUIET_MS = 120;

/** How long to wait for something to click, ms. */
const PATIENCE_MS = 10_000;

/** The theme of a scene. */
export type Look = 'light' | 'dark';

/** Sets the texts and the direction of a scene on an element, before it is on a page. */
export function dress(chat: ResumableChat, scene: Scene, words: Words, look: Look): void {
  const attributes = {
    lang: words.lang,
    dir: words.dir,
    theme: look,
    mode: scene.mode ?? 'floating',
    heading: words.heading,
    greeting: words.greeting,
    suggestions: JSON.stringify(words.suggestions),
  };
  for (const [name, value] of Object.entries(attributes)) chat.setAttribute(name, value);
  chat.strings = words.strings;
  chat.open = chat.mode !== 'inline';
}

/**
 * Plays a scene in an element on the page whose client is this scripted session. Resolves when everything is drawn and
 * has faded in.
 *
 * @throws Error when the scene wants to click something that is not there.
 */
export async function playScene(chat: ResumableChat, session: ScriptedSession, scene: Scene): Promise<void> {
  const root = chat.shadowRoot;
  if (!root) throw new Error('the element has no shadow root');
  session.set(scene.view);
  // With its panel, which is loaded separately.
  await chat.updateComplete;
  await untilQuiet(root);
  if (scene.closed) chat.open = false;
  if (scene.lasts !== undefined) await new Promise((resolve) => setTimeout(resolve, scene.lasts));
  if (scene.next) session.set(scene.next);
  if (scene.typed !== undefined) type(root, scene.typed);
  if (scene.click !== undefined) await click(root, scene.click);
  if (scene.scroll === 'start') root.querySelector('.messages')?.scrollTo(0, 0);
  if (scene.closed || scene.next || scene.typed || scene.click || scene.scroll) await untilQuiet(root);
  for (const animation of root.getAnimations()) {
    if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
  }
}

function type(root: ShadowRoot, text: string): void {
  const input = root.querySelector('textarea');
  if (!input) throw new Error('there is no field to type in');
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Waits for the target: on a busy machine the last file may come long after the rest. */
async function click(root: ShadowRoot, selector: string): Promise<void> {
  for (const since = performance.now(); performance.now() - since < PATIENCE_MS; await untilQuiet(root)) {
    const target = root.querySelector<HTMLElement>(selector);
    if (target) return target.click();
  }
  throw new Error(`nothing to click matches ${selector}`);
}

function untilQuiet(root: ShadowRoot): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      observer.disconnect();
      resolve();
    };
    let timer = setTimeout(end, QUIET_MS);
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(end, QUIET_MS);
    });
    observer.observe(root, { subtree: true, childList: true, characterData: true });
  });
}
