import type { Strings } from '../../locales/en.ts';

/** How long a copy button says that it has copied, ms. */
const COPIED_MS = 2000;

const resets = new WeakMap<HTMLElement, ReturnType<typeof setTimeout>>();

/** Copies the code of the card whose button was clicked; does nothing for a click on anything else. Never rejects. */
export async function copyCode(event: Event, strings: Strings): Promise<void> {
  const clicked = readClickedCode(event);
  if (!clicked) return;
  const { button, code } = clicked;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // The browser forbids it, or has no clipboard outside https: with the code selected, the reader's own copy
    // command takes it.
    getSelection()?.selectAllChildren(code);
    return;
  }
  clearTimeout(resets.get(button));
  button.textContent = strings.copied;
  resets.set(
    button,
    setTimeout(() => (button.textContent = strings.copy), COPIED_MS),
  );
  button.dispatchEvent(new CustomEvent('rc-copied', { bubbles: true }));
}

interface ClickedCode {
  button: HTMLElement;
  code: HTMLElement;
}

/** The card's parts when its copy button was clicked; null for a click on anything else. */
function readClickedCode(event: Event): ClickedCode | null {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>('button.copy') : null;
  const code = button?.closest('figure')?.querySelector<HTMLElement>('pre code');
  return button && code ? { button, code } : null;
}
