import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const HTML = fileURLToPath(new URL('lean-lit-html.ts', import.meta.url));
const ELEMENT = fileURLToPath(new URL('lean-lit-element.ts', import.meta.url));

const STAND_INS: Readonly<Record<string, string>> = { lit: ELEMENT, 'lit/directives/keyed.js': HTML };

/** Takes the little of Lit that the widget is written in for Lit itself. */
export function leanLit(): Plugin {
  let isThere = false;
  return {
    name: 'lean-lit',
    enforce: 'pre',
    apply: 'build',
    resolveId(id) {
      const standIn = STAND_INS[id];
      if (standIn !== undefined) isThere = true;
      else if (/^(?:@lit|lit|lit-\w+)(?:\/|$)/.test(id))
        this.error(`${id} is not in the widget's stand-in for Lit (scripts/vite/lean-lit.ts)`);
      return standIn;
    },
    buildEnd(error) {
      if (!error && !isThere) this.error('Lit is imported nowhere');
    },
  };
}
