import { ensurePrograms, findProgram, type Program } from './ensure-programs.ts';

const CHROMIUM: Program = {
  title: 'Chromium',
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
  variable: 'CHROME_PATH',
};

/** Debian's package starts a server of its own where there is systemd; the tests do not touch it. */
const REDIS: Program = {
  title: 'redis-server',
  names: ['redis-server'],
  debianPackage: 'redis-server',
  oldestMajor: 7,
};

/** In a folder that only root's PATH has on Debian. Its package starts a server too; the tests do not touch it. */
const NGINX: Program = { title: 'nginx', names: ['nginx'], folders: ['/usr/sbin'], debianPackage: 'nginx-light' };

/**
 * Everything that the tests need of the system, installed where that is allowed.
 *
 * @returns the environment variables by which tests find it
 * @throws Error with one sentence that says what to install.
 */
export function ensureTestPrograms(): { CHROME_PATH: string } {
  const [chromium = ''] = ensurePrograms([CHROMIUM, REDIS, NGINX]);
  return { CHROME_PATH: chromium };
}

/** The Chromium to run, or null when there is none. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | null {
  return findProgram(CHROMIUM, env);
}

/** As ensurePrograms, for the browser alone. */
export function ensureBrowser(): string {
  return ensurePrograms([CHROMIUM])[0] ?? '';
}

/** As ensurePrograms, for nginx alone. */
export function ensureNginx(): string {
  return ensurePrograms([NGINX])[0] ?? '';
}
