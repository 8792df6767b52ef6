import type { Plugin } from 'vite';

/** What markdown-it imports and this widget does without, or what every browser has built in. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  // Addresses in a text are found by widget/markdown/autolink.ts.
  'linkify-it': 'export class LinkifyIt { set() {} test() { return false; } match() { return null; } matchAtStart() { return null; } }',
  // Browsers convert international names themselves.
  'punycode.js': 'export default { toASCII: (name) => name, toUnicode: (name) => name };',
  'uc.micro': String.raw`export const P = /\p{P}/u, S = /\p{S}/u, Z = /\p{Z}/u, Cc = /\p{Cc}/u, Cf = /\p{Cf}/u, Any = /[^]/u;`,
};

/** Makes markdown-it a third lighter. */
export function leanMarkdown(): Plugin {
  return {
    name: 'lean-markdown',
    enforce: 'pre',
    apply: 'build',
    resolveId(id, importer) {
      return id in REPLACEMENTS && importer?.includes('markdown-it') ? `\0lean:${id}` : null;
    },
    load(id) {
      return id.startsWith('\0lean:') ? (REPLACEMENTS[id.slice('\0lean:'.length)] ?? null) : null;
    },
  };
}
