import { safeUrl } from '../safe-url.ts';
import { createCodeCard, type CodeCardLabels } from './code-card.ts';
import type { Attributes, VElement, VNode } from './vnode.ts';

/** Makes and changes nodes. Only this and code-card.ts touch the page. */
export interface Dom {
  /**
   * Changes the children of `parent` from number `first` on, which show `before`, so that they show `after`. Nodes are
   * kept where they can be: what a reader has selected in them stays selected.
   */
  patch(parent: Element, before: readonly VNode[], after: readonly VNode[], first?: number): void;
}

/** The elements that a model's text may become; any other one would be a bug here. */
const TAGS = new Set(
  'p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr div table thead tbody tr th td em strong del a br code span input img'.split(
    ' ',
  ),
);

/** How nodes are made. */
export interface DomOptions extends CodeCardLabels {
  /** Images are fetched and shown; otherwise they are links. */
  readonly allowImages: boolean;
}

/** Creates what changes the page. */
export function createDom(options: DomOptions): Dom {
  function create(node: VNode, isInLink: boolean): Node {
    if (typeof node === 'string') return document.createTextNode(node);
    if (node.tag === 'pre') return createCode(node);
    if (node.tag === 'img' && !showsImage(node)) return createImageLink(node, isInLink);
    if (!TAGS.has(node.tag)) throw new Error(`Markdown has no element ${node.tag}.`);
    const made = document.createElement(node.tag);
    for (const [name, value] of Object.entries(node.attrs ?? {})) setAttribute(made, name, value);
    if (node.tag === 'img') made.className = 'image';
    for (const child of node.children) made.append(create(child, isInLink || node.tag === 'a'));
    return made;
  }

  function createCode(node: VElement): Node {
    const { element, text } = createCodeCard(node.attrs?.['language'] ?? '', options);
    text.data = readCode(node);
    return element;
  }

  function showsImage({ attrs }: VElement): boolean {
    return options.allowImages && isWeb(safeUrl(attrs?.['src'] ?? ''));
  }

  /** An image is a link, fetched only by a reader who asks for it: its address may carry away what the model knows. */
  function createImageLink({ attrs }: VElement, isInLink: boolean): Node {
    const src = attrs?.['src'] ?? '';
    // A link inside a link is of no use to readers and their tools.
    const link = document.createElement(src === '' || isInLink ? 'span' : 'a');
    link.textContent = attrs?.['alt'] || src;
    setAttribute(link, 'href', src);
    return link;
  }

  /** The only place where an attribute gets a value that a model wrote. */
  function setAttribute(target: Element, name: string, value: string): void {
    switch (name) {
      case 'href': {
        const href = safeUrl(value);
        if (href === null || target.localName !== 'a') return;
        target.setAttribute('href', href);
        target.setAttribute('target', '_blank');
        target.setAttribute('rel', 'noopener noreferrer nofollow');
        return;
      }
      case 'src': {
        const src = safeUrl(value);
        if (!options.allowImages || !isWeb(src) || src === null) return;
        target.setAttribute('referrerpolicy', 'no-referrer');
        target.setAttribute('loading', 'lazy');
        target.setAttribute('part', 'image');
        target.setAttribute('src', src);
        return;
      }
      case 'alt':
      case 'title':
      case 'dir':
      case 'start':
      case 'align':
      case 'class':
      case 'part':
      case 'type':
      case 'checked':
      case 'disabled':
      case 'tabindex':
        target.setAttribute(name, value);
        return;
      default:
        throw new Error(`Markdown has no attribute ${name}.`);
    }
  }

  function changeAttributes(target: Element, before: Attributes | null, after: Attributes | null): void {
    for (const name of Object.keys(before ?? {})) {
      if (after?.[name] === before?.[name]) continue;
      target.removeAttribute(name);
      if (name === 'href') for (const implied of ['target', 'rel']) target.removeAttribute(implied);
    }
    for (const [name, value] of Object.entries(after ?? {})) {
      if (before?.[name] !== value) setAttribute(target, name, value);
    }
  }

  function patch(parent: Element, before: readonly VNode[], after: readonly VNode[], first = 0): void {
    const shared = Math.min(before.length, after.length);
    for (let at = before.length - 1; at >= shared; at -= 1) parent.childNodes[first + at]?.remove();
    for (let at = 0; at < shared; at += 1) {
      const [old, next] = [before[at], after[at]];
      const node = parent.childNodes[first + at];
      if (old === undefined || next === undefined || old === next || !node) continue;
      patchNode(node, old, next);
    }
    // Nodes after these are not part of them.
    const behind = parent.childNodes[first + shared] ?? null;
    for (const node of after.slice(shared)) parent.insertBefore(create(node, isLink(parent)), behind);
  }

  function patchNode(node: ChildNode, old: VNode, next: VNode): void {
    if (typeof next === 'string') {
      if (typeof old === 'string' && node instanceof Text) changeText(node, old, next);
      else node.replaceWith(next);
    } else if (typeof old === 'string' || old.tag !== next.tag || next.tag === 'img' || !(node instanceof Element)) {
      node.replaceWith(create(next, isLink(node.parentElement)));
    } else if (next.tag === 'pre') {
      const text = node.querySelector('code')?.firstChild;
      if (old.attrs?.['language'] === next.attrs?.['language'] && text instanceof Text) {
        changeText(text, readCode(old), readCode(next));
      } else node.replaceWith(create(next, false));
    } else {
      changeAttributes(node, old.attrs, next.attrs);
      patch(node, old.children, next.children);
    }
  }

  return { patch };
}

function isLink(element: Element | null): boolean {
  return element?.closest('a') != null;
}

function isWeb(url: string | null): boolean {
  return url !== null && /^https?:/.test(url);
}

/** The code without its last line break, which would show as one more line. */
function readCode({ children: [code] }: VElement): string {
  return typeof code === 'string' ? code.replace(/\n$/, '') : '';
}

/** Touches only what differs, so that a selection before it is left alone. */
function changeText(node: Text, old: string, next: string): void {
  if (old === next) return;
  if (next.startsWith(old)) {
    node.appendData(next.slice(old.length));
    return;
  }
  let same = 0;
  while (same < old.length && old[same] === next[same]) same += 1;
  node.replaceData(same, old.length - same, next.slice(same));
}
