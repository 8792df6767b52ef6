import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Packages of which the widget needs a little, and what has just that. */
const STAND_INS: Readonly<Record<string, string>> = {
  'zod/mini': fileURLToPath(new URL('lean-zod.ts', import.meta.url)),
  'eventsource-parser': fileURLToPath(new URL('lean-events.ts', import.meta.url)),
};

const RARE = fileURLToPath(new URL('../../shared/fold/fold-rare-chunk.ts', import.meta.url));
const LOADER = '/widget/session/left-out-folding.ts';
const FOLDING = '\0lean:folding';
const PROTOCOL = '/shared/protocol.ts';

/** Stands in for shared/fold/fold-rare-chunk.ts: no chunk but of text, thoughts and steps is folded before it has come. */
const LATER = String.raw`
const ORDINARY = /^(?:(?:text|reasoning)-(?:start|delta|end)|(?:start|finish|reset)-step|start|finish|message-metadata|abort|error)$/;
let fold;
export const foldRareChunk = (reply, chunk) => fold(reply, chunk);
export const loadFolding = (events) =>
  fold || events.every(({ frame }) => frame?.message?.type !== "chunk" || ORDINARY.test(frame.message.chunk.type))
    ? null
    : import(${JSON.stringify(RARE)}).then((rare) => { fold = rare.foldRareChunk; });
`;

/** Makes what talks to the relay lean: small stand-ins for packages, and rarer chunks folded by a part loaded later. */
export function leanWire(): Plugin {
  return {
    name: 'lean-wire',
    enforce: 'pre',
    apply: 'build',
    resolveId(id, importer) {
      const isFolding =
        id === FOLDING || (id.endsWith('/fold-rare-chunk.ts') && importer?.endsWith('/shared/fold/fold-chunk.ts'));
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
      if (log.code === 'IMPORT_IS_UNDEFINED')
        this.error(`${log.message}\nIf it is a package's, add it to its stand-in in scripts/vite.`);
    },
    generateBundle(_options, bundle) {
      if (!Object.values(bundle).some((file) => file.type === 'chunk' && file.name === 'fold-rare-chunk'))
        this.error('tool calls are folded nowhere');
    },
  };
}
