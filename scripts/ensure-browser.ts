import { ensureProgram, findProgram, type Program } from './ensure-program.ts';

const CHROMIUM: Program = {
  title: 'Chromium',
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
  variable: 'CHROME_PATH',
};

/** Where a Chromium is: CHROME_PATH, else the first of the usual names on PATH, else null. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | null {
  return findProgram(CHROMIUM, env);
}

/**
 * A Chromium to test with, installed when there is none and that can be done.
 *
 * @throws Error with one sentence that says what to do, when there is no way to get one.
 */
export function ensureBrowser(): string {
  return ensureProgram(CHROMIUM);
}
