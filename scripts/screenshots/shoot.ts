import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Look } from '#widget/testing/scenes/play-scene.ts';
import { createScenes, type Scene } from '#widget/testing/scenes/scenes.ts';
import { WORDS, type Words } from '#widget/testing/scenes/words.ts';
import type { StageServer } from './serve.ts';
import type { Play, Stage } from './stage.ts';

/** One way to look at every scene. */
export interface Setting {
  name: string;
  title: string;
  words: Words;
  look: Look;
  context: BrowserContextOptions;
  /** Only these scenes; all when not given. */
  only?: readonly string[];
}

/** The time in the pictures, ms since the epoch, so that waiting times do not change between runs. */
export const NOW = Date.UTC(2026, 4, 4, 12);

const DESKTOP = { viewport: { width: 500, height: 760 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** All settings. */
export const SETTINGS: readonly Setting[] = [
  { name: 'light', title: 'Light', words: WORDS.en, look: 'light', context: DESKTOP },
  { name: 'dark', title: 'Dark', words: WORDS.en, look: 'dark', context: DESKTOP },
  { name: 'phone', title: 'Phone', words: WORDS.en, look: 'light', context: PHONE },
  { name: 'rtl', title: 'Right to left', words: WORDS.he, look: 'light', context: DESKTOP },
  {
    name: 'forced-colours',
    title: 'Forced colours',
    words: WORDS.en,
    look: 'dark',
    context: { ...DESKTOP, forcedColors: 'active', colorScheme: 'dark' },
    only: ['launcher-unread', 'empty', 'answer', 'streaming', 'offline', 'failed', 'editing', 'parts'],
  },
];

/** The scenes of a setting, by name. */
export function scenesOf({ words, only }: Setting): [name: string, scene: Scene][] {
  const scenes = Object.entries(createScenes(words, NOW));
  return only ? scenes.filter(([name]) => only.includes(name)) : scenes;
}

/** Opens a page with the stage in a context of its own. Errors of the page are thrown here. */
export async function openStage(
  browser: Browser,
  { url }: StageServer,
  { context: options }: Setting,
): Promise<{ page: Page; close(): Promise<void> }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.clock.setFixedTime(NOW);
  await page.goto(url);
  await page.waitForFunction(() => 'stage' in globalThis);
  return { page, close: () => context.close() };
}

/** Takes a picture of a scene, as a PNG. The page shows the stage, in the context of the setting. */
export async function shoot(page: Page, scene: Scene, { words, look, context }: Setting): Promise<Buffer> {
  const inline = scene.mode === 'inline' && !context.isMobile;
  if (context.viewport) await page.setViewportSize(inline ? { width: 880, height: 760 } : context.viewport);
  const play: object = { scene, words, look } satisfies Play;
  await page.evaluate((play) => (globalThis as unknown as { stage: Stage }).stage.show(play as Play), play);
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  // Only the corner of a closed chat.
  const clip = scene.closed ? { x: width - 160, y: height - 120, width: 160, height: 120 } : null;
  return page.screenshot({ animations: 'disabled', caret: 'hide', ...(clip ? { clip } : {}) });
}
