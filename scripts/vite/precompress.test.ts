import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { build } from 'vite';
import { loadStaticFiles } from '#relay/node/load-static-files.ts';
import { precompress } from './precompress.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-precompress-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('puts beside each text that a build writes its brotli and its gzip, and the relay finds them', async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `console.log('line', ${index});`).join('\n');
  mkdirSync(path.join(folder, 'src'));
  writeFileSync(path.join(folder, 'src/widget.js'), `import('./lazy.js');\n${lines}`);
  writeFileSync(
    path.join(folder, 'src/lazy.js'),
    `import url from './dot.png?no-inline';\n${lines}\nconsole.log(url);`,
  );
  writeFileSync(path.join(folder, 'src/dot.png'), Buffer.alloc(4096));
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    plugins: [precompress()],
    build: {
      outDir: path.join(folder, 'dist/widget'),
      assetsDir: '',
      rolldownOptions: {
        input: path.join(folder, 'src/widget.js'),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  const names = readdirSync(path.join(folder, 'dist/widget'));
  const texts = names.filter((name) => name.endsWith('.js'));
  expect(texts).toHaveLength(2);
  expect(names.filter((name) => name.includes('.png'))).toEqual([expect.stringMatching(/\.png$/)]);
  for (const name of texts) {
    const read = (suffix: string) => readFileSync(path.join(folder, 'dist/widget', name + suffix));
    expect(brotliDecompressSync(read('.br'))).toEqual(read(''));
    expect(gunzipSync(read('.gz'))).toEqual(read(''));
    expect(read('.br').length).toBeLessThan(read('.gz').length);
    expect(read('.gz').length).toBeLessThan(read('').length / 2);
  }

  const warnings: string[] = [];
  const files = loadStaticFiles(path.join(folder, 'dist'), { warn: (_, message) => void warnings.push(message) });
  expect(warnings).toEqual([]);
  const codings = Object.fromEntries([...files].map(([name, file]) => [name, Object.keys(file.representations)]));
  expect(codings['/widget.js']).toEqual(['identity', 'br', 'gzip']);
  expect(files.size).toBe(3);
});
