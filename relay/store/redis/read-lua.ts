import { readFileSync } from 'node:fs';

const FOLDER = new URL('./lua/', import.meta.url);
const INCLUDE = /^-- @include (\S+)$/gm;

/**
 * The text of a script in relay/store/redis/lua/, with what it includes. The package has these texts in its code instead,
 * where there may be no files to read: scripts/build-package.ts.
 */
export function readLua(name: string): string {
  return readText(`${name}.lua`).replace(INCLUDE, (_, file: string) => readText(file));
}

function readText(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}
