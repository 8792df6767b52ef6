/** What is to be on the page, before any of it is: a text, or an element by its tag. */
export type VNode = string | VElement;

export interface VElement {
  /** An HTML tag; `pre` stands for a code card, `img` for an image that may have to become a link. */
  readonly tag: string;
  readonly attrs: Attributes | null;
  readonly children: VNode[];
}

export type Attributes = Readonly<Record<string, string>>;

export function element(tag: string, attrs: Attributes | null = null, children: VNode[] = []): VElement {
  return { tag, attrs, children };
}

/** Adds a child; texts that meet become one, so that the same text always makes the same nodes. */
export function append(children: VNode[], child: VNode): void {
  if (typeof child !== 'string') {
    children.push(child);
    return;
  }
  if (child === '') return;
  const last = children.at(-1);
  if (typeof last === 'string') children[children.length - 1] = last + child;
  else children.push(child);
}

/** The text in it, as a reader without marks would see it. */
export function textOf(nodes: readonly VNode[]): string {
  return nodes
    .map((node) => (typeof node === 'string' ? node : (node.attrs?.['alt'] ?? textOf(node.children))))
    .join('');
}
