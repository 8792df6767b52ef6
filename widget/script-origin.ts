/** False where a page is only being written, on a server: there the element is imported, and does nothing. */
export const onPage = typeof document !== 'undefined';

/** The script tag this code runs from, if it is a classic one. Known only while the script runs for the first time. */
export const currentScript: HTMLScriptElement | null =
  onPage && document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;

/** The tags of module scripts that may be this one: a module cannot ask for its tag. */
export function findModuleScripts(): HTMLScriptElement[] {
  if (!onPage) return [];
  return [...document.querySelectorAll<HTMLScriptElement>('script[type="module"][src]')].filter((script) =>
    new URL(script.src).pathname.endsWith('/widget.js'),
  );
}

/**
 * The origin this script was loaded from, which is the relay when the page names no other. Empty when no tag tells,
 * as after an `import()`.
 */
export const scriptOrigin: string = readOrigin(currentScript ?? findModuleScripts()[0]);

function readOrigin(script: HTMLScriptElement | undefined): string {
  return script?.src ? new URL(script.src).origin : '';
}
