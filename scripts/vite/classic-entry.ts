import type { Plugin } from 'vite';

const SOURCE = '__rcSource';

/** Where the entry leaves, for parts that are loaded later, what it has in common with them. */
const SHARED = "globalThis[Symbol.for('resumable-chat')]";

/**
 * Makes the entry run in a classic script tag as well as in a module one: wrapped in a function, so that it leaves no
 * names behind and may run twice. Such a file exports nothing, and imported as a module it would be another copy; so
 * what parts that are loaded later would import from it (Lit, above all) it hands to them under a symbol.
 */
export function classicEntry(): Plugin {
  return {
    name: 'classic-entry',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const entry = chunks.find((chunk) => chunk.isEntry);
        if (!entry) this.error('there is no entry');
        if (entry.imports.length > 0)
          this.error(`${entry.fileName} has to stand alone, but imports ${entry.imports.join(', ')}`);
        for (const chunk of chunks) {
          const { body } = this.parse(chunk.code);
          const isEntry = chunk === entry;
          const edits = body.flatMap((node): Edit[] => {
            const { start, end } = node;
            if (isEntry && node.type === 'ExportNamedDeclaration')
              return [{ start, end, text: handOut(readNames(node.specifiers)) }];
            if (isEntry || node.type !== 'ImportDeclaration' || node.source.value !== `./${entry.fileName}`) return [];
            return [{ start, end, text: `const{${readNames(node.specifiers)}}=${SHARED};` }];
          });
          for (const { start, end, text } of edits.toReversed())
            chunk.code = chunk.code.slice(0, start) + text + chunk.code.slice(end);
        }
        entry.code = `(()=>{"use strict";const ${SOURCE}=document.currentScript?.src;${resolveImports(entry.code)}})();\n`;
      },
    },
  };
}

/** A copy that runs second finds the first one's elements defined, and leaves its parts to them. */
function handOut(names: string): string {
  return `${SHARED}??={${names}};`;
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

interface Specifier {
  type: string;
  local: Name;
  imported?: Name;
  exported?: Name;
}

interface Name {
  name?: string;
}

/** `shared: local` of exports and of imports alike. */
function readNames(specifiers: readonly object[]): string {
  return (specifiers as Specifier[])
    .map(({ type, local, imported, exported }) => {
      const shared = (imported ?? exported)?.name;
      if (shared === undefined || local.name === undefined)
        throw new Error(`the entry cannot hand on a whole module (${type})`);
      return `${shared}:${local.name}`;
    })
    .join();
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
