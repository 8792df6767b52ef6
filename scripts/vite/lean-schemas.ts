import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Takes zod, which is heavier than all the widget's own code for the wire, for a stand-in of 1 kB. */
export function leanSchemas(): Plugin {
  return {
    name: 'lean-schemas',
    enforce: 'pre',
    apply: 'build',
    resolveId: (id) => (id === 'zod/mini' ? fileURLToPath(new URL('lean-zod.ts', import.meta.url)) : null),
  };
}
