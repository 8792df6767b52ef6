/**
 * The relay of an element that names none: the origin that this file was served from, as the script tag's files are
 * served by the relay. In a page's own bundle that is the page; bundlers that put a path of their machine there
 * (`file:`) mean the page too.
 */
export function readDefaultRelay(): string {
  const { protocol, origin } = new URL(import.meta.url);
  return protocol === 'http:' || protocol === 'https:' ? origin : location.origin;
}

/** `https://relay.example/` and `https://relay.example` are the same relay, and one key in the storage. */
export function trimOrigin(text: string | null | undefined): string {
  return (text ?? '').trim().replace(/\/+$/, '');
}
