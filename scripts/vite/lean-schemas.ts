import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const STAND_IN = fileURLToPath(new URL('lean-zod.ts', import.meta.url));

/** Takes zod, which is heavier than all the widget's own code for the wire, for a stand-in of 1 kB. */
export function leanSchemas(): Plugin {
  return {
    name: 'lean-schemas',
    enforce: 'pre',
    apply: 'build',
    resolveId: (id) => (id === 'zod/mini' ? STAND_IN : null),
    onLog(_level, log) {
      // The bundler only warns of what a module does not have.
      if (log.code === 'IMPORT_IS_UNDEFINED') this.error(`${log.message}\nIf it is zod's, add it to ${STAND_IN}.`);
    },
  };
}
