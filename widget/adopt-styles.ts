/**
 * Gives the shadow tree that an element stands in these style sheets, once. Elements that draw into their parent's tree
 * bring their looks with them this way.
 */
export function adoptStyles(element: Element, sheets: readonly CSSStyleSheet[]): void {
  const root = element.getRootNode();
  if (!(root instanceof ShadowRoot)) return;
  const missing = sheets.filter((sheet) => !root.adoptedStyleSheets.includes(sheet));
  // Whatever is assigned, the browser looks at all rules again.
  if (missing.length > 0) root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...missing];
}
