import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** What markdown-it imports and this widget does without, or what every browser has built in. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  // Addresses in a text are found by widget/markdown/autolink.ts.
  'linkify-it': 'export class LinkifyIt {}',
  // Browsers convert international names themselves.
  'punycode.js': 'export default {};',
  'uc.micro': String.raw`export const P = /\p{P}/u, S = /\p{S}/u;`,
  // The parser is given its own `normalizeLink`, which encodes only.
  mdurl: "export { default as encode } from 'mdurl/lib/encode.mjs'; export const parse = null, format = null, decode = {};",
};

/** Characters by their names: a list of all of them is as large as the rest of the engine. */
const ENTITIES = fileURLToPath(new URL('../../widget/markdown/entities.ts', import.meta.url));

/**
 * Parts of markdown-it itself that nothing here comes to, by the regions that its build leaves in the file, and what
 * stands in for them. Only `block`, `inline` and `utils` are used: no rendering to HTML, no raw HTML, no typography.
 */
const REGIONS: Readonly<Record<string, string>> = {
  'src/renderer.ts': 'var Renderer = class {};',
  'src/rules_core/state_core.ts': 'var StateCore = class {};',
  'src/rules_core/normalize.ts': '',
  'src/rules_core/block.ts': '',
  'src/rules_core/strip_references.ts': '',
  'src/rules_core/inline.ts': '',
  'src/rules_core/linkify.ts': '',
  'src/rules_core/replacements.ts': '',
  'src/rules_core/smartquotes.ts': '',
  'src/rules_core/text_join.ts': '',
  'src/parser_core.ts': 'var ParserCore = class {};',
  'src/common/html_blocks.ts': '',
  'src/common/html_re.ts': '',
  'src/rules_block/html_block.ts': 'var html_block = () => false;',
  'src/rules_inline/html_inline.ts': 'var html_inline = () => false;',
  'src/rules_inline/linkify.ts': 'var linkify = () => false;',
};

/** Makes markdown-it less than half as heavy. */
export function leanMarkdown(): Plugin {
  return {
    name: 'lean-markdown',
    enforce: 'pre',
    apply: 'build',
    resolveId(id, importer) {
      if (!importer?.includes('markdown-it')) return null;
      if (id === 'entities') return ENTITIES;
      return id in REPLACEMENTS ? `\0lean:${id}` : null;
    },
    load(id) {
      return id.startsWith('\0lean:') ? (REPLACEMENTS[id.slice('\0lean:'.length)] ?? null) : null;
    },
    transform(code, id) {
      if (!id.endsWith('/markdown-it/dist/markdown-it.mjs')) return null;
      let lean = code;
      for (const [name, replacement] of Object.entries(REGIONS)) {
        const start = lean.indexOf(`//#region ${name}\n`);
        const end = lean.indexOf('//#endregion', start);
        if (start === -1 || end === -1) this.error(`markdown-it has no part ${name} any more`);
        lean = `${lean.slice(0, start)}${replacement}\n${lean.slice(end)}`;
      }
      return lean;
    },
  };
}
