/** A node to be drawn: a text, or an element by its tag. */
export type VNode = string | VElement;

/** An element to be drawn. */
export interface VElement {
  /** An HTML tag; `pre` stands for a code card, `img` for an image that may have to become a link. */
  readonly tag: string;
  readonly attrs: Attributes | null;
  readonly children: VNode[];
}

/** Attributes by name. */
export type Attributes = Readonly<Record<string, string>>;

/** Creates an element to be drawn. */
export function element(tag: string, attrs: Attributes | null = null, children: VNode[] = []): VElement {
  return { tag, attrs, children };
}

/** Adds a child. Adjacent texts become one, so that the same source always makes the same nodes. */
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

/** The text of nodes, without marks. */
export function textOf(nodes: readonly VNode[]): string {
  return nodes
    .map((node) => (typeof node === 'string' ? node : (node.attrs?.['alt'] ?? textOf(node.children))))
    .join('');
}
