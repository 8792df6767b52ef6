import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createBuilder } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildState, ensureBuild } from './ensure-build.ts';
import { buildStamp } from './vite/build-stamp.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-build-'));
  write('widget/index.ts', 'console.log(1);');
  write('widget/index.test.ts', 'test();');
  write('demo/index.html', '<!doctype html>');
  write('package-lock.json', '{}');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

/** A build of two files by the real vite, with the stamp that ours writes. */
async function buildFolder(): Promise<void> {
  const builder = await createBuilder({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    plugins: [buildStamp()],
    builder: {
      async buildApp({ build, environments }) {
        if (environments['client']) await build(environments['client']);
      },
    },
    build: { outDir: 'dist/widget', rolldownOptions: { input: path.join(folder, 'widget/index.ts') } },
  });
  await builder.buildApp();
  write('dist/widget/widget.js.br', '');
  write('dist/demo/index.html.br', '');
}

describe('the state of a build', () => {
  it('is missing before the build, and when a part of it was removed', async () => {
    expect(buildState(folder)).toBe('missing');
    await buildFolder();
    expect(buildState(folder)).toBe('fresh');
    rmSync(path.join(folder, 'dist/demo'), { recursive: true });
    expect(buildState(folder)).toBe('missing');
  });

  it('is stale when a source was changed, added, renamed or removed', async () => {
    await buildFolder();
    const changes: [change: () => void, undo: () => void][] = [
      [() => write('widget/index.ts', 'console.log(2);'), () => write('widget/index.ts', 'console.log(1);')],
      [() => write('shared/new.ts', ''), () => rmSync(path.join(folder, 'shared'), { recursive: true })],
      [() => rmSync(path.join(folder, 'demo/index.html')), () => write('demo/index.html', '<!doctype html>')],
      [() => write('package-lock.json', '{ }'), () => write('package-lock.json', '{}')],
    ];
    for (const [change, undo] of changes) {
      change();
      expect(buildState(folder), String(change)).toBe('stale');
      undo();
      expect(buildState(folder), String(undo)).toBe('fresh');
    }
  });

  it('is stale by the contents of the sources, whatever their times', async () => {
    await buildFolder();
    write('widget/index.ts', 'console.log(2);');
    const longAgo = new Date('2020-01-01');
    utimesSync(path.join(folder, 'widget/index.ts'), longAgo, longAgo);
    expect(buildState(folder)).toBe('stale');
  });

  it('stays fresh when the checkout is copied, and when only a test has changed', async () => {
    await buildFolder();
    write('widget/index.test.ts', 'other();');
    expect(buildState(folder)).toBe('fresh');
    const copy = `${folder}-copy`;
    cpSync(folder, copy, { recursive: true });
    try {
      expect(buildState(copy)).toBe('fresh');
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  it('is not fresh after a build that failed', async () => {
    await buildFolder();
    write('widget/index.ts', 'no code (');
    await expect(buildFolder()).rejects.toThrow('Build failed');
    write('widget/index.ts', 'console.log(1);');
    expect(buildState(folder)).toBe('missing');
  });
});

describe('without vite', () => {
  it('a fresh build is served, and a stale or missing one is refused in one sentence', async () => {
    expect(() => ensureBuild(folder)).toThrow('not built, and vite is not installed to build it. Run: npm ci');
    await buildFolder();
    ensureBuild(folder);
    write('widget/index.ts', 'console.log(2);');
    expect(() => ensureBuild(folder)).toThrow('older than its sources, and vite is not installed');
  });
});
