import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where a Chromium is: CHROME_PATH, else the first of the usual names on PATH, else null. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | null {
  if (env['CHROME_PATH']) return env['CHROME_PATH'];
  for (const name of NAMES) {
    for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
      const candidate = path.join(folder, name);
      if (folder !== '' && isExecutable(candidate)) return candidate;
    }
  }
  return null;
}

/**
 * A Chromium to test with, installed by apt-get when there is none, this is root and there is an apt-get.
 *
 * @throws Error with one sentence that says what to do, when there is no way to get one.
 */
export function ensureBrowser(): string {
  const found = findBrowser();
  if (found !== null) {
    if (isExecutable(found)) return found;
    throw new Error(`CHROME_PATH names ${found}, which is no program that can be run.`);
  }
  if (process.getuid?.() !== 0 || !hasAptGet()) {
    throw new Error('No Chromium was found: install one (Debian: apt-get install chromium) or set CHROME_PATH to it.');
  }
  console.log('No Chromium was found: installing it with apt-get.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const steps = [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']];
  for (const args of steps) {
    const { status } = spawnSync('apt-get', ['-qq', ...args], { stdio: 'inherit', env });
    if (status !== 0) {
      throw new Error(`apt-get ${args[0]} failed: install Chromium by hand, or set CHROME_PATH to one.`);
    }
  }
  const installed = findBrowser();
  if (installed === null) throw new Error('apt-get installed chromium, but none is on PATH: set CHROME_PATH to it.');
  return installed;
}

function hasAptGet(): boolean {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
