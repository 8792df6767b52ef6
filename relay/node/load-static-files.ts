import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { StaticFile, StaticFiles } from '../http/pages.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
/** As vite names what it may be asked to keep for good: `name-<8 characters of a hash>.js`. */
const HASHED_NAME = /-[\w-]{8}\.\w+$/;

/** The built widget (`<folder>/widget`) and demo page (`<folder>/demo`), by the path they are served at. */
export function loadStaticFiles(folder: string): StaticFiles {
  const files = new Map<string, StaticFile>();
  for (const [part, isPublic] of [
    ['demo', false],
    ['widget', true],
  ] as const) {
    for (const file of filesBelow(path.join(folder, part))) {
      const name = path.relative(path.join(folder, part), file).split(path.sep).join('/');
      files.set(name === 'index.html' ? '/' : `/${name}`, loadFile(file, isPublic));
    }
  }
  return files;
}

function loadFile(file: string, isPublic: boolean): StaticFile {
  const bytes = new Uint8Array(readFileSync(file));
  return {
    bytes,
    contentType: CONTENT_TYPES[path.extname(file)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    immutable: HASHED_NAME.test(file),
    isPublic,
  };
}

function filesBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
