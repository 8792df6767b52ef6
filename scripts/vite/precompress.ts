import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import { SUFFIXES } from '#relay/http/accept-encoding.ts';

/** Text. Pictures and fonts are compressed already. */
const COMPRESSIBLE = /\.(css|html|ico|js|json|map|svg|txt|webmanifest)$/;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

/** A file's bytes in each content coding, as small as Node's zlib makes them. */
export async function compress(bytes: Uint8Array): Promise<Record<keyof typeof SUFFIXES, Buffer>> {
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const [br, gz] = await Promise.all([
    brotliAsync(bytes, { params }),
    gzipAsync(bytes, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  return { br, gzip: gz };
}

/** Writes `name.br` and `name.gz` beside every file of a build that becomes smaller by it. */
export function precompress(): Plugin {
  return {
    name: 'precompress',
    writeBundle: {
      order: 'post',
      async handler({ dir }, bundle) {
        if (dir === undefined) this.error('precompress needs build.outDir');
        for (const name of Object.keys(bundle).filter((name) => COMPRESSIBLE.test(name))) {
          await writeCompressed(path.join(dir, name));
        }
      },
    },
  };
}

async function writeCompressed(file: string): Promise<void> {
  // As written: the last word on a file's bytes is not always in the bundle.
  const bytes = await readFile(file);
  for (const [coding, compressed] of Object.entries(await compress(bytes))) {
    if (compressed.length < bytes.length) await writeFile(file + SUFFIXES[coding as keyof typeof SUFFIXES], compressed);
  }
}
