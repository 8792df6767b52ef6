/** Whether this key belongs to an input method: it confirms or cancels a composition, and means nothing to the chat. */
export function isCompositionKey(event: KeyboardEvent): boolean {
  // 229: Safari ends a composition before the key that confirms it (https://webkit.org/b/165004).
  return event.isComposing || event.keyCode === 229;
}

/** Whether this key sends what was typed: Enter, unless it makes a new line or confirms a composition. */
export function isSendKey(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && !event.shiftKey && !isCompositionKey(event);
}

/** Makes a field as high as its text, within the style sheet's bounds. Browsers with `field-sizing` do so themselves. */
export function fitToText(field: HTMLTextAreaElement): void {
  if (CSS.supports('field-sizing', 'content')) return;
  field.style.setProperty('block-size', 'auto');
  field.style.setProperty('block-size', `${field.scrollHeight}px`);
}
