import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build } from 'vite';
import { en } from '#widget/locales/en.ts';
import { ensureBrowser } from '#scripts/programs.ts';
import { ROOT } from '../scripts/ensure-build.ts';

const PAGE = '<!doctype html><title>A site</title><script type="module" src="./main.js"></script>';
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

let folder: string;
let server: Server;

beforeAll(async () => {
  const built = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'scripts/build-package.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(built.stderr);
  // Below the package's own folder, where its name leads to itself.
  mkdirSync(path.join(ROOT, '.tmp'), { recursive: true });
  folder = mkdtempSync(path.join(ROOT, '.tmp/bundled-'));
  writeFileSync(path.join(folder, 'index.html'), PAGE);
  writeFileSync(
    path.join(folder, 'main.js'),
    "import 'resumable-chat';\ndocument.body.append(document.createElement('resumable-chat'));\n",
  );
  await build({ root: folder, configFile: false, logLevel: 'warn', build: { outDir: 'dist' } });
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const file = pathname === '/' ? '/index.html' : pathname;
    try {
      const body = readFileSync(path.join(folder, 'dist', file));
      response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'text/plain' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('opens in a page that bundles the package, and loads its parts as chunks of the page', async () => {
  const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const troubles: string[] = [];
    page.on('pageerror', ({ message }) => troubles.push(message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const before = await countScripts();
    await page.getByRole('button', { name: en.launcher }).click();
    await page.getByText(en.greeting).waitFor();
    expect(await countScripts()).toBeGreaterThan(before);
    // It names no relay: that is the page's own origin then.
    const asked = page.waitForRequest('**/api/sessions');
    await page.getByRole('textbox', { name: en.message }).fill('Hello');
    await page.keyboard.press('Enter');
    expect(new URL((await asked).url()).origin).toBe(new URL(page.url()).origin);
    expect(troubles).toEqual([]);

    function countScripts(): Promise<number> {
      return page.evaluate(
        () => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).length,
      );
    }
  } finally {
    await browser.close();
  }
});
