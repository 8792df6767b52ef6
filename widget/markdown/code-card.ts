import { COPIED_MS, copyText } from '../copy-text.ts';

/** The texts of a code card. */
export interface CodeCardLabels {
  /** The name of the copy button. */
  copyLabel: string;
  /** What the button says once it has copied. */
  copiedLabel: string;
  /** Stands in for a language that a code block does not name. */
  codeLabel: string;
}

/** A block of code as it is drawn. */
export interface CodeCard {
  element: HTMLElement;
  /** The node that holds the code. */
  text: Text;
}

/** Creates a card for a block of code: its language, a button that copies it, and the code. */
export function createCodeCard(language: string, labels: CodeCardLabels): CodeCard {
  const element = document.createElement('figure');
  element.className = 'code-card';
  element.part = 'code-block';
  element.dir = 'ltr';

  const caption = element.appendChild(document.createElement('figcaption'));
  const name = caption.appendChild(document.createElement('span'));
  name.textContent = language || labels.codeLabel;

  const pre = document.createElement('pre');
  // It scrolls sideways, so it has to be reachable by keyboard.
  pre.tabIndex = 0;
  const code = pre.appendChild(document.createElement('code'));

  caption.append(createCopyButton(code, labels));
  element.append(pre);
  return { element, text: code.appendChild(document.createTextNode('')) };
}

function createCopyButton(code: HTMLElement, { copyLabel, copiedLabel }: CodeCardLabels): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.part = 'copy-button';
  button.textContent = copyLabel;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const copy = async (): Promise<void> => {
    if (!(await copyText(code.textContent, code))) return;
    button.textContent = copiedLabel;
    clearTimeout(timer);
    timer = setTimeout(() => (button.textContent = copyLabel), COPIED_MS);
    button.dispatchEvent(new CustomEvent('rc-copied', { bubbles: true }));
  };
  button.addEventListener('click', () => void copy());
  return button;
}
