import type MarkdownIt from 'markdown-it';

/**
 * Gives markdown-it the rules of its own that few texts need. As it is published it has them: only the widget's build
 * leaves them out of the part that is always loaded, and writes them here (scripts/vite/lean-markdown.ts).
 */
export function addLeftOutRules(_md: InstanceType<typeof MarkdownIt>): void {
  // Nothing is left out here.
}
