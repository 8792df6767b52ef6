import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadStaticFiles } from './load-static-files.ts';

let folder: string;
let warnings: { fields: object; message: string }[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-files-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = () => loadStaticFiles(folder, { warn: (fields, message) => void warnings.push({ fields, message }) });

function write(name: string, content: string | Uint8Array): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const CODE = 'export const answer = 42;\n'.repeat(40);

describe('loadStaticFiles', () => {
  it('finds the widget and the demo page by the paths they are served at', () => {
    write('widget/widget.js', CODE);
    write('widget/panel-AbC_12-x.js', CODE);
    write('demo/index.html', '<!doctype html>');
    write('demo/assets/index-12345678.css', 'a{}');
    write('package/index.js', CODE);
    const files = load();
    expect([...files.keys()].toSorted()).toEqual([
      '/',
      '/assets/index-12345678.css',
      '/panel-AbC_12-x.js',
      '/widget.js',
    ]);
    const traits = (name: string) => {
      const { contentType, caching, isPublic } = files.get(name) ?? {};
      return [contentType, caching, isPublic];
    };
    expect(traits('/')).toEqual(['text/html; charset=utf-8', 'revalidated', false]);
    expect(traits('/assets/index-12345678.css')).toEqual(['text/css; charset=utf-8', 'immutable', false]);
    expect(traits('/widget.js')).toEqual(['text/javascript; charset=utf-8', 'brief', true]);
    expect(traits('/panel-AbC_12-x.js')).toEqual(['text/javascript; charset=utf-8', 'immutable', true]);
  });

  it('takes compressed files for representations of what they compress, each with a validator of its own', () => {
    write('widget/widget.js', CODE);
    write('widget/widget.js.br', brotliCompressSync(CODE));
    write('widget/widget.js.gz', gzipSync(CODE));
    const files = load();
    expect([...files.keys()]).toEqual(['/widget.js']);
    const { identity, br, gzip } = files.get('/widget.js')?.representations ?? {};
    expect(Buffer.from(identity?.bytes ?? []).toString()).toBe(CODE);
    expect(br?.bytes).toEqual(new Uint8Array(brotliCompressSync(CODE)));
    expect(gzip?.bytes).toEqual(new Uint8Array(gzipSync(CODE)));
    const tags = [identity?.etag, br?.etag, gzip?.etag];
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^"[\w-]{22}"$/);
    expect(warnings).toEqual([]);
  });

  it('changes a validator with the bytes, and only with them', () => {
    write('widget/widget.js', CODE);
    const tag = () => load().get('/widget.js')?.representations.identity.etag;
    const before = tag();
    expect(tag()).toBe(before);
    write('widget/widget.js', `${CODE} `);
    expect(tag()).not.toBe(before);
  });

  it.each([
    ['of an earlier version', brotliCompressSync(`${CODE} `)],
    ['that is damaged', Buffer.from('no brotli')],
    ['that unpacks to gigabytes', brotliCompressSync(Buffer.alloc(64 * 1024 * 1024))],
  ])('leaves out a compressed file %s, and says so', (_, compressed) => {
    write('demo/index.html', CODE);
    write('demo/index.html.br', compressed);
    write('demo/index.html.gz', gzipSync(CODE));
    const { representations } = load().get('/') ?? {};
    expect(Object.keys(representations ?? {}).toSorted()).toEqual(['gzip', 'identity']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.fields).toMatchObject({ file: path.join(folder, 'demo/index.html.br') });
  });

  it('finds nothing where nothing was built', () => {
    expect(load().size).toBe(0);
  });
});
