/** How long the text is kept for a browser that still reads it when the click has been handled, ms. */
const KEPT_MS = 60_000;

/** Has the browser save a text as a file, without a request or an inline script that a page might forbid. */
export function saveFile(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
