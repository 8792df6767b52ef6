import type { TextRendererOptions } from './text-renderer.ts';

export interface CodeCard {
  element: HTMLElement;
  /** Where the code goes. */
  text: Text;
}

/** A card for a block of code: its language, a button that copies it, and the code. */
export function createCodeCard(language: string, options: TextRendererOptions): CodeCard {
  const element = document.createElement('figure');
  element.className = 'code-card';
  element.part = 'code-block';
  element.dir = 'ltr';

  const caption = element.appendChild(document.createElement('figcaption'));
  const name = caption.appendChild(document.createElement('span'));
  name.textContent = language || options.codeLabel;

  const button = caption.appendChild(document.createElement('button'));
  button.className = 'copy';
  button.part = 'copy-button';
  button.textContent = options.copyLabel;

  const pre = element.appendChild(document.createElement('pre'));
  // It scrolls sideways, so it has to be reachable by keyboard.
  pre.tabIndex = 0;
  const code = pre.appendChild(document.createElement('code'));
  return { element, text: code.appendChild(document.createTextNode('')) };
}
