import type { Env, Token } from 'markdown-it';
import type { Parser } from './parser.ts';

/** A top-level block: its tokens, and the offset of its end. It begins where the block before it ends. */
export interface Block {
  tokens: Token[];
  end: number;
}

/** Finds the top-level blocks of a source. Link definitions between them belong to no block and go into `env`. */
export function readLayout(source: string, parser: Parser, env: Env): Block[] {
  const blocks: Block[] = [];
  const tokens = parser.readBlocks(source, env);
  let line = 0;
  let offset = 0;
  let first = 0;
  for (const [at, token] of tokens.entries()) {
    // A block ends with the token that is back at level 0.
    if (token.level !== 0 || token.nesting === 1) continue;
    const block = tokens.slice(first, at + 1);
    first = at + 1;
    const endLine = block[0]?.map?.[1] ?? line;
    for (; line < endLine; line += 1) {
      const newline = source.indexOf('\n', offset);
      offset = newline === -1 ? source.length : newline + 1;
    }
    blocks.push({ tokens: block, end: offset });
  }
  return blocks;
}
