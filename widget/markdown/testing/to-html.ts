import { buildBlock } from '../build.ts';
import { createParser } from '../parser.ts';
import { readLayout } from '../read-layout.ts';
import type { VNode } from '../vnode.ts';

const everything = createParser();

/** A text as it is drawn, in the HTML of the CommonMark specification's examples. */
export function toHtml(source: string, parser = everything): string {
  const env = { references: {} };
  const text = source.replaceAll(/\r\n?/g, '\n').replaceAll('\0', '\u{FFFD}');
  let from = 0;
  const nodes = readLayout(text, parser, env).map(({ tokens, end }) => {
    const block = text.slice(from, end);
    from = end;
    return buildBlock(tokens, block, { parser, env });
  });
  return nodes.map((node) => write(node, false)).join('\n');
}

function write(node: VNode, bare: boolean): string {
  if (typeof node === 'string') return escape(node);
  const { tag, attrs, children } = node;
  const inside = children.map((child) => write(child, false)).join('');
  const { class: name, part: _part, language, tabindex: _tabindex, ...rest } = attrs ?? {};
  if (bare || name === 'tight' || name === 'table' || name === 'math') return inside;
  if (tag === 'pre') {
    const open = language === undefined ? '<code>' : `<code class="language-${escape(language)}">`;
    return `<pre>${open}${inside}</code></pre>`;
  }
  const attributes = Object.entries(rest)
    .map(([key, value]) => ` ${key}="${escape(value)}"`)
    .join('');
  return `<${tag}${attributes}>${['br', 'hr', 'img', 'input'].includes(tag) ? '' : `${inside}</${tag}>`}`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const BLOCK = '(?:p|h[1-6]|ul|ol|li|blockquote|hr|pre|table|thead|tbody|tr|th|td|div)';

/** Removes from HTML what makes no difference on the page: white space around blocks, the order of attributes. */
export function normaliseHtml(html: string): string {
  const codes: string[] = [];
  return html
    .replaceAll(/<pre>[^]*?<\/pre>/g, (code) => `\0${codes.push(code) - 1}\0`)
    .replaceAll(/<(\w+)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*\/?>/g, (_, tag: string, attributes: string) => {
      const sorted = (attributes.match(/[\w-]+(?:="[^"]*")?/g) ?? []).toSorted();
      return `<${[tag, ...sorted].join(' ')}>`;
    })
    .replaceAll(/\s*\0\s*/g, '\0')
    .replaceAll(new RegExp(`\\s*(</?${BLOCK}(?: [^>]*)?>)\\s*`, 'g'), '$1')
    .replaceAll(/\s*(<br>)\s*/g, '$1')
    .replaceAll(/(<input[^>]*>)\s*/g, '$1')
    .replaceAll(/\0(\d+)\0/g, (_, at: string) => codes[Number(at)] ?? '')
    .trim();
}
