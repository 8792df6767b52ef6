import type { ResumableChat } from '../../resumable-chat.ts';
import type { ScriptedSession } from '../scripted-session.ts';
import type { Scene } from './scenes.ts';
import type { Words } from './words.ts';

/** How long nothing may change before a view counts as drawn, ms. */
const QUIET_MS = 120;

/** How long to wait for something to click, ms. */
const PATIENCE_MS = 10_000;

export type Look = 'light' | 'dark';

/** Gives an element the texts and the direction that a scene is played in. Before it is put on a page. */
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
 * Plays a scene in an element on the page whose client is this scripted session. All of it is drawn, and all that
 * fades in has done so, when the promise resolves.
 *
 * @throws Error when the scene wants to click something that is not there.
 */
export async function playScene(chat: ResumableChat, session: ScriptedSession, scene: Scene): Promise<void> {
  const root = chat.shadowRoot;
  if (!root) throw new Error('the element has no shadow root');
  session.set(scene.view);
  // With its panel, which is a part of its own.
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

/** What is loaded last may come long after the rest, where the machine has much else to do. */
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
