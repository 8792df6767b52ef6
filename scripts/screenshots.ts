/**
 * `npm run screenshots [-- <scene> …]`: draws every state of the widget, as it is built, in each setting, and writes
 * the pictures and the page that shows them into docs/widget/. With names, only those scenes, and no page.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './programs.ts';
import { ensureBuild, ROOT } from './ensure-build.ts';
import { writeGallery } from './screenshots/gallery.ts';
import { serveStage } from './screenshots/serve.ts';
import { openStage, scenesOf, SETTINGS, shoot } from './screenshots/shoot.ts';

const FOLDER = path.join(ROOT, 'docs/widget');
const wanted = process.argv.slice(2);

ensureBuild();
if (wanted.length === 0) rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });

const server = await serveStage();
const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ['--no-sandbox', '--hide-scrollbars'] });
let bytes = 0;
try {
  for (const setting of SETTINGS) {
    const { page, close } = await openStage(browser, server, setting);
    for (const [name, scene] of scenesOf(setting)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const picture = await shoot(page, scene, setting);
      bytes += picture.length;
      writeFileSync(path.join(FOLDER, `${name}-${setting.name}.png`), picture);
    }
    await close();
  }
} finally {
  await browser.close();
  await server.close();
}
if (wanted.length === 0) writeFileSync(path.join(FOLDER, 'README.md'), writeGallery());
console.log(`${(bytes / 1e6).toFixed(1)} MB of pictures in ${path.relative(process.cwd(), FOLDER)}`);
