import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Packages of which the widget needs a little, and what has just that. */
const STAND_INS: Readonly<Record<string, string>> = {
  'zod/mini': fileURLToPath(new URL('lean-zod.ts', import.meta.url)),
  'eventsource-parser': fileURLToPath(new URL('lean-events.ts', import.meta.url)),
};

const TOOLS = fileURLToPath(new URL('../../shared/fold-tool-chunk.ts', import.meta.url));
const LOADER = '/widget/session/left-out-folding.ts';
const FOLDING = '\0lean:folding';
const PROTOCOL = '/shared/protocol.ts';

/** Stands in for shared/fold-tool-chunk.ts: no chunk of a tool call is folded before it has come. */
const LATER = `
let fold;
export const foldToolChunk = (reply, chunk) => fold(reply, chunk);
export const loadFolding = (events) =>
  fold || !events.some(({ frame }) => frame?.message?.chunk?.type.startsWith("tool-"))
    ? null
    : import(${JSON.stringify(TOOLS)}).then((tools) => { fold = tools.foldToolChunk; });
`;

/** Makes what talks to the relay lean: small stand-ins for packages, and tool calls folded by a part loaded later. */
export function leanWire(): Plugin {
  return {
    name: 'lean-wire',
    enforce: 'pre',
    apply: 'build',
    resolveId(id, importer) {
      const isFolding = id === FOLDING || (id.endsWith('/fold-tool-chunk.ts') && importer?.endsWith('/shared/fold-chunk.ts'));
      return isFolding ? FOLDING : (STAND_INS[id] ?? null);
    },
    load: (id) => (id === FOLDING ? LATER : null),
    transform(code, id) {
      if (id.endsWith(LOADER)) return `export { loadFolding } from ${JSON.stringify(FOLDING)};`;
      // Chains of calls, of which the bundler does not know by itself that they do nothing but answer.
      return id.endsWith(PROTOCOL) ? code.replaceAll(/\bz\s*\.\w+\(/g, '/* @__PURE__ */ $&') : null;
    },
    onLog(_level, log) {
      // The bundler only warns of what a module does not have.
      if (log.code === 'IMPORT_IS_UNDEFINED') this.error(`${log.message}\nIf it is a package's, add it to its stand-in in scripts/vite.`);
    },
    generateBundle(_options, bundle) {
      if (!Object.values(bundle).some((file) => file.type === 'chunk' && file.name === 'fold-tool-chunk')) this.error('tool calls are folded nowhere');
    },
  };
}
