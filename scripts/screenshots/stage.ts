/** Runs on the page of the screenshots: puts a scene on it, with the built element and a scripted client. */
import type { ResumableChat } from '#widget/resumable-chat.ts';
import type { Scene } from '#widget/testing/scenes/scenes.ts';
import type { Words } from '#widget/testing/scenes/words.ts';
import { dress, playScene, type Look } from '#widget/testing/scenes/play-scene.ts';
import { createScriptedClient, createScriptedSession } from '#widget/testing/scripted-session.ts';

/** A scene, and how it is shown. */
export interface Play {
  scene: Scene;
  words: Words;
  look: Look;
}

/** What the page offers. */
export interface Stage {
  show(play: Play): Promise<void>;
}

const show: Stage['show'] = async ({ scene, words, look }) => {
  document.querySelector('resumable-chat')?.remove();
  Object.assign(document.documentElement, { dir: words.dir, lang: words.lang });
  document.documentElement.style.colorScheme = look;

  const session = createScriptedSession(scene.view);
  const chat: ResumableChat = document.createElement('resumable-chat');
  // Protected; the only thing that differs from the element on a real page.
  Reflect.set(chat, 'loadClient', () => Promise.resolve(createScriptedClient(session)));
  dress(chat, scene, words, look);
  document.body.append(chat);
  await playScene(chat, session, scene);
};

await customElements.whenDefined('resumable-chat');
Object.assign(globalThis, { stage: { show } satisfies Stage });
