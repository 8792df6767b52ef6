import type { Plugin } from 'vite';

/** Takes comments and needless white space out of Lit's templates, which no minifier looks into. */
export function compactTemplates(): Plugin {
  return {
    name: 'compact-templates',
    apply: 'build',
    transform: {
      order: 'post',
      handler(code, id) {
        if (id.includes('node_modules') || !/\b(?:css|html|svg)`/.test(code)) return null;
        const edits: Edit[] = [];
        collectEdits(this.parse(code), edits);
        edits.sort((a, b) => b.start - a.start);
        return edits.reduce((text, { start, end, compact }) => {
          return text.slice(0, start) + compact(text.slice(start, end)) + text.slice(end);
        }, code);
      },
    },
  };
}

interface Edit {
  start: number;
  end: number;
  compact: (text: string) => string;
}

/** The little of the syntax tree that is needed here, for any node. */
interface Node {
  type?: string;
  start?: number;
  end?: number;
  tag?: { name?: string };
  quasi?: { quasis?: { start: number; end: number }[] };
}

function collectEdits(node: unknown, edits: Edit[]): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, tag, quasi } = node as Node;
  const compact = type === 'TaggedTemplateExpression' ? COMPACT[tag?.name ?? ''] : undefined;
  if (compact) for (const { start, end } of quasi?.quasis ?? []) edits.push({ start, end, compact });
  for (const child of Object.values(node)) collectEdits(child, edits);
}

const COMPACT: Partial<Record<string, (text: string) => string>> = {
  css: compactCss,
  html: (text) => text.replace(/\s+/g, ' '),
  svg: (text) => text.replace(/\s+/g, ' '),
};

function compactCss(text: string): string {
  return text
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};]) ?/g, '$1')
    .replace(/([,:]) /g, '$1')
    .replace(/;\}/g, '}')
    .trim();
}
