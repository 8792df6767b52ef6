import { expect } from '@esm-bundle/chai';
import { emulateMedia, sendKeys } from '@web/test-runner-commands';
import { findViolations } from '../testing/axe.ts';
import { ScriptedChat, unmountAll } from '../testing/mount.ts';
import { dress, playScene, type Look } from '../testing/scenes/play-scene.ts';
import { createScenes, type Scene } from '../testing/scenes/scenes.ts';
import { WORDS, type Words } from '../testing/scenes/words.ts';

/** The ways in which axe looks at each scene. */
const LOOKS: readonly [language: keyof typeof WORDS, look: Look][] = [
  ['en', 'light'],
  ['en', 'dark'],
  ['he', 'light'],
];

async function play(scene: Scene, words: Words, look: Look): Promise<ScriptedChat & { shadowRoot: ShadowRoot }> {
  const chat = document.createElement('scripted-chat');
  if (!(chat instanceof ScriptedChat)) throw new Error('the scripted element is not defined');
  dress(chat, scene, words, look);
  document.documentElement.dir = words.dir;
  document.body.append(chat);
  await playScene(chat, chat.scripted, scene);
  if (!chat.shadowRoot) throw new Error('the element has no shadow root');
  return chat as ScriptedChat & { shadowRoot: ShadowRoot };
}

/** All that can be reached by keyboard, in the order of the document. */
function stopsIn({ shadowRoot }: { shadowRoot: ShadowRoot }): Element[] {
  const stops = [...shadowRoot.querySelectorAll('button, a[href], textarea, summary, [tabindex="0"]')];
  return stops.filter(
    (stop) => !stop.matches(':disabled, [inert] *') && stop.checkVisibility({ visibilityProperty: true }),
  );
}

function nameOf(element: Element | null): string {
  return `${element?.localName ?? 'nothing'} ${element?.getAttribute('aria-label') ?? element?.textContent.trim().slice(0, 30) ?? ''}`;
}

/** Something shows that it has the focus: itself, or the frame that it stands in. */
function showsFocus(element: Element): boolean {
  const frame = element.closest('.composer, .editor');
  const looks = getComputedStyle(element);
  return looks.outlineStyle !== 'none' || (frame !== null && getComputedStyle(frame).boxShadow.includes('2px inset'));
}

/** Puts everything that moves to its end where it ends. */
function settle({ shadowRoot }: { shadowRoot: ShadowRoot }): void {
  for (const animation of shadowRoot.getAnimations()) {
    if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
  }
}

describe('every scene', () => {
  afterEach(() => {
    unmountAll();
    document.documentElement.dir = 'ltr';
  });

  for (const name of Object.keys(createScenes(WORDS.en, 0))) {
    it(`${name}: axe finds nothing in light, dark and right to left`, async () => {
      for (const [language, look] of LOOKS) {
        const words = WORDS[language];
        const scene = createScenes(words, Date.now())[name] as Scene;
        const chat = await play(scene, words, look);
        expect(await findViolations(chat), `${language} ${look}`).to.deep.equal([]);
        chat.remove();
      }
    });

    it(`${name}: Tab reaches everything once, in order, and the focus is visible`, async () => {
      // Tabbing through it scrolls to its end, where the jump button has no use.
      const { scroll: _, ...scene } = createScenes(WORDS.en, Date.now())[name] as Scene;
      const chat = await play(scene, WORDS.en, 'light');
      (chat.shadowRoot.activeElement as HTMLElement | null)?.blur();
      const [first] = stopsIn(chat);
      const before = document.createElement('button');
      chat.before(before);
      before.focus();
      const expected = stopsIn(chat).map(nameOf);
      expect(first).not.to.equal(undefined);
      const reached: string[] = [];
      for (let step = 0; step < expected.length; step += 1) {
        await sendKeys({ press: 'Tab' });
        const { activeElement } = chat.shadowRoot;
        settle(chat);
        reached.push(nameOf(activeElement));
        expect(activeElement !== null && showsFocus(activeElement), `focus on ${nameOf(activeElement)}`).to.equal(true);
      }
      expect(reached).to.deep.equal(expected);
      before.remove();
    });
  }

  for (const accent of ['#ffe600', '#ffffff', '#000000', '#39ff14', '#ff00c8']) {
    it(`is readable with the accent ${accent}, in light and dark`, async () => {
      for (const look of ['light', 'dark'] as const) {
        const scenes = createScenes(WORDS.en, Date.now());
        for (const name of ['empty', 'resumed', 'editing', 'parts']) {
          const chat = await play(scenes[name] as Scene, WORDS.en, look);
          chat.accent = accent;
          await chat.updateComplete;
          settle(chat);
          expect(await findViolations(chat), `${look} ${name}`).to.deep.equal([]);
          chat.remove();
        }
      }
    });
  }

  it('does not move with reduced motion', async () => {
    await emulateMedia({ reducedMotion: 'reduce' });
    try {
      const scenes = createScenes(WORDS.en, Date.now());
      for (const name of [
        'launcher-writing',
        'empty',
        'connecting',
        'thinking',
        'streaming',
        'restoring',
        'tool-running',
      ]) {
        const { shadowRoot } = await play(scenes[name] as Scene, WORDS.en, 'light');
        // A transition that takes a millisecond may still be on its way, and what waits does not move.
        const moving = shadowRoot
          .getAnimations()
          .filter(({ effect }) => Number(effect?.getComputedTiming().activeDuration) > 1);
        expect(
          moving.map((animation) => [name, animation instanceof CSSAnimation ? animation.animationName : animation.id]),
        ).to.deep.equal([]);
        unmountAll();
      }
    } finally {
      await emulateMedia({ reducedMotion: 'no-preference' });
    }
  });
});
