import type { Plugin } from 'vite';

/** Lit's styles, without what is for browsers that have no `adoptedStyleSheets`: those cannot run the rest either. */
const CSS_TAG = `
export class CSSResult {
  constructor(cssText) { this.cssText = cssText; }
  get styleSheet() {
    if (!this.sheet) (this.sheet = new CSSStyleSheet()).replaceSync(this.cssText);
    return this.sheet;
  }
}
export const unsafeCSS = (text) => new CSSResult(text);
export const css = (strings, ...values) => new CSSResult(strings.reduce((text, next, at) => text + (values[at - 1].cssText ?? values[at - 1]) + next));
export const adoptStyles = (root, styles) => { root.adoptedStyleSheets = styles.map((style) => style.styleSheet ?? style); };
export const getCompatibleStyle = (style) => style;
export const supportsAdoptingStyleSheets = true;
`;

const MODULE = '/@lit/reactive-element/css-tag.js';

/** Takes a smaller module for the part of Lit that makes style sheets. */
export function leanLit(): Plugin {
  let isThere = false;
  return {
    name: 'lean-lit',
    enforce: 'pre',
    apply: 'build',
    transform(_code, id) {
      if (!id.endsWith(MODULE)) return null;
      isThere = true;
      return CSS_TAG;
    },
    buildEnd(error) {
      if (!error && !isThere) this.error('Lit has its styles elsewhere');
    },
  };
}
