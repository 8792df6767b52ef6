import { fileURLToPath } from 'node:url';

/**
 * Packages that the widget's build replaces whole. markdown-it needs one function of `entities`, which has HTML's 2,125
 * character names: 13 kB of brotli, mostly for names that nobody writes.
 */
export const WIDGET_ALIASES: Readonly<Record<string, string>> = {
  entities: fileURLToPath(new URL('../../widget/markdown/entities.ts', import.meta.url)),
};
