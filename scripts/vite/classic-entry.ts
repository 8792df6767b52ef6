import type { Plugin } from 'vite';

const SOURCE = '__rcSource';

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
          chunk.code = `(()=>{"use strict";const ${SOURCE}=document.currentScript?.src;${resolveImports(chunk.code)}})();\n`;
        }
      },
    },
  };
}

/**
 * A classic script from another origin has no address of its own for `import()` to start from: browsers hide it unless
 * the tag has `crossorigin`. The tag tells it while the script runs for the first time; a module needs no help.
 */
function resolveImports(code: string): string {
  return code
    .trim()
    .replace(/\bimport\(([`'"])(\.\/[^`'"]+)\1\)/g, `import(${SOURCE}?new URL("$2",${SOURCE}).href:"$2")`);
}
