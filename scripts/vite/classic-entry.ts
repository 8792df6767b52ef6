import type { Plugin } from 'vite';

/**
 * Makes the entry run in a classic script tag as well as in a module one: wrapped in a function, so that it leaves no
 * names behind and may run twice. That needs an entry that stands alone; parts that are loaded later may import
 * nothing from it, for as a module it would be another copy. Such a build fails here and not in somebody's page.
 */
export function classicEntry(): Plugin {
  return {
    name: 'classic-entry',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk' || !chunk.isEntry) continue;
          if (chunk.imports.length > 0 || chunk.exports.length > 0) {
            const shared = [...chunk.imports, ...chunk.exports].join(', ');
            this.error(`${chunk.fileName} has to stand alone, but shares with a part that is loaded later: ${shared}`);
          }
          chunk.code = `(()=>{"use strict";${chunk.code.trim()}})();\n`;
        }
      },
    },
  };
}
