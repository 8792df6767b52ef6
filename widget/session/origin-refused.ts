/** Relays whose refusal was logged. */
const named = new Set<string>();

/** Tells the developer of the page, once for each relay, which setting lets the page use it. */
export function logOriginRefused(relay: string): void {
  if (named.has(relay)) return;
  named.add(relay);
  const origin = globalThis.location?.origin ?? 'the origin of this page';
  console.error(
    `[resumable-chat] The relay ${relay} refuses requests from this page: add ${origin} to its setting ALLOWED_ORIGINS.`,
  );
}
