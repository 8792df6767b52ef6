import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePrograms, findInstaller, type Program } from './ensure-programs.ts';

const SERVER: Program = { title: 'a server', names: ['rc-server'], debianPackage: 'rc-server-light', oldestMajor: 7 };
const BROWSER: Program = {
  title: 'a browser',
  names: ['rc-browser', 'rc-chrome'],
  debianPackage: 'rc-browser',
  variable: 'RC_BROWSER',
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'programs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function place(name: string, prints = ''): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('ensurePrograms', () => {
  it('finds programs by their names on PATH, or where a variable says', () => {
    const [server, browser] = [place('rc-server', 'Server v=7.0.15 sha=0'), place('rc-chrome')];
    expect(ensurePrograms([SERVER, BROWSER], { env: { PATH: folder }, install: null })).toEqual([server, browser]);
    const other = place('another');
    expect(ensurePrograms([BROWSER], { env: { PATH: folder, RC_BROWSER: other }, install: null })).toEqual([other]);
  });

  it('names every missing package in one sentence where nothing may be installed', () => {
    expect(() => ensurePrograms([SERVER, BROWSER], { env: { PATH: folder }, install: null })).toThrow(
      'The tests need a server 7 or newer, a browser, not found on PATH: install them (Debian, Ubuntu: ' +
        'sudo apt-get install rc-server-light rc-browser), or set RC_BROWSER to the executable.',
    );
  });

  it('installs what is missing, all at once, where it may', () => {
    const asked: (readonly string[])[] = [];
    const install = (packages: readonly string[]): void => {
      asked.push(packages);
      place('rc-server', 'v=8.1');
      place('rc-browser');
    };
    const found = ensurePrograms([SERVER, BROWSER], { env: { PATH: folder }, install });
    expect(found.map((file) => path.basename(file))).toEqual(['rc-server', 'rc-browser']);
    expect(asked).toEqual([['rc-server-light', 'rc-browser']]);
    ensurePrograms([SERVER, BROWSER], { env: { PATH: folder }, install });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['is too old', 'Server v=6.0.16 sha=0', 'is 6.0.16, but the tests need a server 7 or newer'],
    ['does not say its version', 'hello', 'does not say its version'],
  ])('refuses a program that %s', (_, prints, sentence) => {
    place('rc-server', prints);
    expect(() => ensurePrograms([SERVER], { env: { PATH: folder }, install: null })).toThrow(sentence);
  });

  it('refuses a variable that names no executable, and a package that does not bring its program', () => {
    const env = { PATH: folder, RC_BROWSER: path.join(folder, 'nowhere') };
    expect(() => ensurePrograms([BROWSER], { env, install: null })).toThrow('not an executable file');
    expect(() => ensurePrograms([BROWSER], { env: { PATH: folder }, install: () => undefined })).toThrow(
      'rc-browser was installed, but a browser is not on PATH',
    );
  });
});

describe('findInstaller', () => {
  it('installs nothing for a user on a machine of their own', () => {
    expect(findInstaller({}, 1_000)).toBeNull();
    expect(findInstaller({ CI: '' }, 1_000)).toBeNull();
  });
});
