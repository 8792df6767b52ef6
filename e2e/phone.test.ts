import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WORDS } from '#widget/testing/scenes/words.ts';
import { ensureBrowser } from '../scripts/programs.ts';
import { serveStage, type StageServer } from '../scripts/screenshots/serve.ts';
import { openStage, scenesOf, shoot, type Setting } from '../scripts/screenshots/shoot.ts';

/** The smallest target for a finger, in px. */
const TARGET = 44;

let server: StageServer;
let browser: Browser;

beforeAll(async () => {
  server = await serveStage();
  browser = await chromium.launch({ executablePath: ensureBrowser(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

function setting(width: number, height: number, touch: boolean, words = WORDS.en): Setting {
  const context = { viewport: { width, height }, ...(touch ? { isMobile: true, hasTouch: true } : {}) };
  return { name: 'test', title: 'Test', words, look: 'light', context };
}

/** Runs `examine` in every scene, and answers its findings with the scene's name. */
async function walk(setting: Setting, examine: (page: Page) => Promise<string[]>): Promise<string[]> {
  const { page, close } = await openStage(browser, server, setting);
  const found: string[] = [];
  for (const [name, scene] of scenesOf(setting)) {
    await shoot(page, scene, setting);
    found.push(...(await examine(page)).map((finding) => `${name}: ${finding}`));
  }
  await close();
  return found;
}

/**
 * Buttons and fields that are too small for a finger. Links within a text are as high as their line and do not count.
 */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((target) => {
    const root = document.querySelector('resumable-chat')?.shadowRoot;
    const targets = [...(root?.querySelectorAll('button, textarea, summary') ?? [])];
    return targets
      .filter((element) => element.checkVisibility({ visibilityProperty: true }))
      .map((element) => ({
        name: element.getAttribute('part') ?? element.className,
        box: element.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width < target || box.height < target)
      .map(({ name, box }) => `${name} is ${Math.round(box.width)} by ${Math.round(box.height)}`);
  }, TARGET);
}

/** Elements that stick out of the window, but for those in a table or code block that scrolls. */
function whatSticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.querySelector('resumable-chat')?.shadowRoot;
    const all = [...(root?.querySelectorAll('.panel *') ?? [])].filter(
      (element) => !element.closest('pre, .table, .loop, .sr') && element.checkVisibility({ visibilityProperty: true }),
    );
    const scroller = root?.querySelector('.messages');
    const wide = scroller && scroller.scrollWidth > scroller.clientWidth ? ['the conversation scrolls sideways'] : [];
    const out = all.filter((element) => {
      const { left, right } = element.getBoundingClientRect();
      return left < -0.5 || right > innerWidth + 0.5;
    });
    return [...wide, ...out.map((element) => `${element.localName}.${element.className}`)];
  });
}

it('has targets of at least 44 px in every scene', async () => {
  expect(await walk(setting(390, 844, true), smallTargets)).toEqual([]);
});

it('fits into 320 px, which is 1280 px at a zoom of 400 %, in both writing directions', async () => {
  expect(await walk(setting(320, 640, false), whatSticksOut)).toEqual([]);
  expect(await walk(setting(320, 640, false, WORDS.he), whatSticksOut)).toEqual([]);
});

it('leaves room to read and to write in a window as low as a phone in landscape', async () => {
  const rooms = await walk(setting(640, 320, false), (page) =>
    page.evaluate(() => {
      const root = document.querySelector('resumable-chat')?.shadowRoot;
      const height = (part: string): number => root?.querySelector(part)?.getBoundingClientRect().height ?? 0;
      const panel = root?.querySelector('.panel');
      if (!panel?.checkVisibility({ visibilityProperty: true })) return [];
      return height('.messages') < 60 || height('textarea') < 30 ? [`${height('.messages')} px to read`] : [];
    }),
  );
  expect(rooms).toEqual([]);
});
