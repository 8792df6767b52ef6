import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { getMimeType } from 'hono/utils/mime';
import { SUFFIXES } from '../http/accept-encoding.ts';
import type { Representation, StaticFile, StaticFiles } from '../http/pages.ts';
import type { Logger } from '../util/logger.ts';

/** Vite's hashed names: `name-<8 characters of a hash>.js`. */
const HASHED_NAME = /-[\w-]{8}\.\w+$/;

const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync };

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Reads the built widget (`<folder>/widget`) and demo page (`<folder>/demo`) into memory, by the path they are served
 * at. Compressed files beside a file (`widget.js.br`) become its representations.
 */
export function loadStaticFiles(folder: string, logger: Pick<Logger, 'warn'>): StaticFiles {
  const files = new Map<string, StaticFile>();
  for (const part of ['demo', 'widget'] as const) {
    const root = path.join(folder, part);
    for (const file of filesBelow(root)) {
      const name = path.relative(root, file).split(path.sep).join('/');
      files.set(name === 'index.html' ? '/' : `/${name}`, {
        contentType: getMimeType(file) ?? 'application/octet-stream',
        caching: cachingOf(part, file),
        isPublic: part === 'widget',
        representations: readRepresentations(file, logger),
      });
    }
  }
  return files;
}

function cachingOf(part: 'demo' | 'widget', file: string): StaticFile['caching'] {
  if (HASHED_NAME.test(file)) return 'immutable';
  return part === 'widget' ? 'brief' : 'revalidated';
}

function readRepresentations(file: string, logger: Pick<Logger, 'warn'>): StaticFile['representations'] {
  const bytes = read(file);
  const representations: StaticFile['representations'] = { identity: represent(bytes) };
  for (const coding of ['br', 'gzip'] as const) {
    const compressed = file + SUFFIXES[coding];
    if (!existsSync(compressed)) continue;
    const encoded = read(compressed);
    if (decodesTo(DECODERS[coding], encoded, bytes)) representations[coding] = represent(encoded);
    else
      logger.warn(
        { file: compressed },
        'A compressed file is not of the file beside it and is not served: build again',
      );
  }
  return representations;
}

/** False for a compressed file that is damaged, or left over from an earlier version. */
function decodesTo(decode: (typeof DECODERS)['br' | 'gzip'], encoded: Bytes, bytes: Bytes): boolean {
  try {
    return decode(encoded, { maxOutputLength: Math.max(bytes.length, 1) }).equals(bytes);
  } catch {
    return false;
  }
}

function represent(bytes: Bytes): Representation {
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}

function read(file: string): Bytes {
  return new Uint8Array(readFileSync(file));
}

/** Every file but the compressed ones. */
function filesBelow(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const suffixes = Object.values(SUFFIXES);
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !suffixes.includes(path.extname(entry.name)))
    .map((entry) => path.join(entry.parentPath, entry.name));
}
