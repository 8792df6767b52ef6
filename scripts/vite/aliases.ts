import { fileURLToPath } from 'node:url';

/**
 * Packages that the browser's builds swap whole. `entities` brings HTML's 2,125 names of characters, 13 kB of brotli for
 * names nobody writes; markdown-it asks it for one function.
 */
export const WIDGET_ALIASES: Readonly<Record<string, string>> = {
  entities: fileURLToPath(new URL('../../widget/markdown/entities.ts', import.meta.url)),
};
