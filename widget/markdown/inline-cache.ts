import type { InlineCache } from './build.ts';
import type { VNode } from './vnode.ts';

/**
 * Keeps the inline text of the last two renders of the open block, so that the next one reads only new text. Nodes that
 * are the same objects are not compared with the page either.
 */
export interface RenderCache extends InlineCache {
  /** Begins a render. `definitions`: a key for the known links; with other links the same text may look different. */
  begin(definitions: string): void;
}

/** Creates an empty cache. */
export function createInlineCache(): RenderCache {
  let known = '';
  let last = new Map<string, readonly VNode[]>();
  let current = new Map<string, readonly VNode[]>();
  return {
    begin(definitions) {
      last = definitions === known ? current : new Map();
      current = new Map();
      known = definitions;
    },
    get: (source) => last.get(source),
    set: (source, nodes) => void current.set(source, nodes),
  };
}
