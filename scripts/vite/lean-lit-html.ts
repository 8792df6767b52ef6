/**
 * The little of `lit-html` that the widget's templates are written in, for its build: children, attributes with one
 * value or several, `.property`, `?boolean`, `@event`, arrays, `keyed`. No values in names of tags, in comments or in
 * unquoted text with more to it, no other directives, no nodes as values. What is in no template here is an error, not
 * another drawing. The tests use Lit itself; lean-lit.browser.test.ts holds the two together.
 */
export interface TemplateResult {
  readonly strings: TemplateStringsArray;
  readonly values: readonly unknown[];
  readonly isSvg: boolean;
}

type Tag = (strings: TemplateStringsArray, ...values: unknown[]) => TemplateResult;

export const html: Tag = (strings, ...values) => ({ strings, values, isSvg: false });
export const svg: Tag = (strings, ...values) => ({ strings, values, isSvg: true });

/** Draws nothing; as the value of an attribute, no attribute. */
export const nothing: unique symbol = Symbol.for('lit-nothing');

interface Keyed {
  readonly key: unknown;
  readonly value: unknown;
}

/** What was drawn for another key makes place for this, even if it is of the same template. */
export const keyed = (key: unknown, value: unknown): Keyed => ({ key, value });

/** Stands where a value will be, as an attribute's text or as a comment. */
const MARK = '$rc$';

/** At the end of what stands before a value: the attribute that it is of, unless it is a further value of the same. */
const ATTRIBUTE = /([^\s=]+)=(?:|"[^"]*)$/;

/** `NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT`. */
const SHOWN = 129;

interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML(text: string): string }): { createHTML(text: string): string };
}

/** Named as Lit's, for pages whose policy names it. */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('lit-html', {
  createHTML: (text) => text,
});

/** Puts the values, from its own on, where they belong. */
type Setter = (values: readonly unknown[]) => void;

/** Where values go: into the node of this number, from the value of this number on. */
interface Hole {
  readonly node: number;
  readonly at: number;
  /** Of an attribute: its name as it is written, and the text around its values. */
  readonly name?: string | undefined;
  readonly pieces?: readonly string[];
}

interface Compiled {
  readonly content: DocumentFragment;
  readonly holes: readonly Hole[];
}

const compiled = new WeakMap<TemplateStringsArray, Compiled>();

function compile({ strings, isSvg }: TemplateResult): Compiled {
  let text = '';
  const names: string[] = [];
  strings.forEach((piece, at) => {
    text += piece;
    if (at === strings.length - 1) return;
    if (text.lastIndexOf('<') <= text.lastIndexOf('>')) text += `<!--${MARK}-->`;
    else {
      const name = ATTRIBUTE.exec(piece)?.[1];
      if (name !== undefined) names.push(name);
      text += MARK;
    }
  });

  const template = document.createElement('template');
  if (isSvg) text = `<svg>${text}</svg>`;
  template.innerHTML = policy ? policy.createHTML(text) : text;
  const { content } = template;
  if (isSvg) content.firstElementChild?.replaceWith(...content.firstElementChild.childNodes);

  const holes: Hole[] = [];
  let at = 0;
  let named = 0;
  const walker = document.createTreeWalker(content, SHOWN);
  for (let node = 0; walker.nextNode(); node += 1) {
    const { currentNode } = walker;
    if (currentNode instanceof Element) {
      for (const { name, value } of [...currentNode.attributes]) {
        const pieces = value.split(MARK);
        if (pieces.length === 1) continue;
        currentNode.removeAttribute(name);
        holes.push({ node, at, name: names[named], pieces });
        at += pieces.length - 1;
        named += 1;
      }
    } else if (currentNode.nodeValue === MARK) {
      holes.push({ node, at });
      at += 1;
    }
  }
  if (at !== strings.length - 1 || named !== names.length) throw new Error(`cannot tell where values go: ${text}`);
  return { content, holes };
}

/** A copy of the template, and what puts values into it. */
function instantiate(result: TemplateResult): { fragment: DocumentFragment; set: Setter } {
  let template = compiled.get(result.strings);
  if (!template) compiled.set(result.strings, (template = compile(result)));
  const fragment = document.importNode(template.content, true);
  const walker = document.createTreeWalker(fragment, SHOWN);
  let node = -1;
  // All of them before anything is put in, which changes how many nodes there are.
  const nodes = template.holes.map((hole) => {
    for (; node < hole.node; node += 1) walker.nextNode();
    return walker.currentNode;
  });
  const setters = template.holes.map((hole, index) => {
    const found = nodes[index] as Node;
    return found instanceof Element ? bindAttribute(found, hole) : bindChild(found, hole.at);
  });
  return {
    fragment,
    set: (values) => {
      for (const set of setters) set(values);
    },
  };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What is no text yet becomes one where it is put. */
const textOf = (value: unknown): string => (value as string | null | undefined) ?? '';

function bindAttribute(element: Element, { name = '', pieces = [], at }: Hole): Setter {
  const plain = name.slice(1);
  if (name.startsWith('@')) {
    let listener: unknown;
    element.addEventListener(plain, (event) => {
      if (typeof listener === 'function') listener(event);
    });
    return (values) => (listener = values[at]);
  }
  const isWhole = pieces.length === 2 && pieces.join('') === '';
  let shown: readonly unknown[] = [nothing];
  return (values) => {
    const given = values.slice(at, at + pieces.length - 1);
    // An object may have changed inside.
    if (given.every((value, index) => !isObject(value) && value === shown[index])) return;
    shown = given;
    let [value] = given;
    if (given.includes(nothing)) value = nothing;
    else if (!isWhole) value = pieces.map((piece, index) => piece + textOf(given[index])).join('');

    if (name.startsWith('.'))
      (element as unknown as Record<string, unknown>)[plain] = value === nothing ? undefined : value;
    else if (name.startsWith('?')) element.toggleAttribute(plain, Boolean(value) && value !== nothing);
    else if (value === nothing) element.removeAttribute(name);
    else element.setAttribute(name, textOf(value));
  };
}

/** What stands behind `start`, to the node that is next now; there is one afterwards, for others may come behind it. */
export function bindChild(start: Node, at: number): Setter {
  const end = start.nextSibling ?? start.parentNode?.appendChild(new Comment()) ?? null;
  /** What stands there: a text, a template's strings, the list of an array's setters, or nothing. */
  let shown: unknown = nothing;
  let key: unknown = nothing;
  let setShown: Setter;

  const insert = <Inserted extends Node>(node: Inserted): Inserted => {
    start.parentNode?.insertBefore(node, end);
    return node;
  };
  const clear = (from = start.nextSibling): void => {
    while (from && from !== end) {
      const next = from.nextSibling;
      from.remove();
      from = next;
    }
  };

  function setText(value: unknown): void {
    if (value === shown) return;
    if (!isObject(shown) && shown !== nothing && value !== nothing) (start.nextSibling as Text).data = String(value);
    else {
      clear();
      if (value !== nothing) insert(new Text(String(value)));
    }
    shown = value;
  }

  function setTemplate(result: TemplateResult): void {
    if (shown === result.strings) return setShown(result.values);
    const { fragment, set } = instantiate(result);
    set(result.values);
    clear();
    insert(fragment);
    setShown = set;
    shown = result.strings;
  }

  function setItems(items: Iterable<unknown>): void {
    if (!(shown instanceof Items)) {
      clear();
      shown = new Items();
    }
    const { list } = shown as Items;
    let count = 0;
    for (const item of items) {
      const known = (list[count] ??= createItem());
      known.set([item]);
      count += 1;
    }
    const [rest] = list.splice(count);
    if (rest) clear(rest.start);
  }

  function createItem(): Item {
    const itemStart = insert(new Comment());
    insert(new Comment());
    return { start: itemStart, set: bindChild(itemStart, 0) };
  }

  return (values) => {
    let value = values[at];
    if (isObject(value) && 'key' in value) {
      if (value.key !== key) shown = {};
      ({ key, value } = value as Keyed);
    } else key = nothing;
    if (!isObject(value)) setText(value === '' ? nothing : (value ?? nothing));
    else if ('strings' in value) setTemplate(value as TemplateResult);
    else setItems(value as Iterable<unknown>);
  };
}

interface Item {
  readonly start: ChildNode;
  readonly set: Setter;
}

/** An array, as it is drawn. */
class Items {
  readonly list: Item[] = [];
}
