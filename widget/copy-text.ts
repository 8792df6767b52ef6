/** How long a button says that it has copied, ms. */
export const COPIED_MS = 2000;

/**
 * Copies a text. Where the browser forbids that, or has no clipboard outside https, it selects what `shown` shows, so
 * that the reader's own copy command takes it, and resolves to false.
 */
export async function copyText(text: string, shown: Node): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(shown);
    return false;
  }
}
