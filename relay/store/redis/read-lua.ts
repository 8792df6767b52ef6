import { readFileSync } from 'node:fs';

const FOLDER = new URL('./lua/', import.meta.url);
const INCLUDE = /^-- @include (\S+)$/gm;

/**
 * Reads a script of lua/, with the files it includes. The package has the texts in its code instead, since there may be
 * no files where it runs: scripts/build-package.ts.
 *
 * @param name of the file, without `.lua`.
 */
export function readLua(name: string): string {
  return readText(`${name}.lua`).replace(INCLUDE, (_, file: string) => readText(file));
}

function readText(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}
