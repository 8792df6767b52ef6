import type { InlineCache } from './build.ts';
import type { VNode } from './vnode.ts';

/**
 * Keeps what the last two renders of the open block were made of, so that the next one reads only what is new. Nodes
 * that are the same are not compared with those on the page either.
 */
export interface RenderCache extends InlineCache {
  /** A render begins. `definitions`: the names of links that are known; with others, the same text may be drawn otherwise. */
  begin(definitions: string): void;
}

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
