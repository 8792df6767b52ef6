const SAFE_PROTOCOLS: readonly string[] = ['http:', 'https:', 'mailto:'];

/** The address if a link may lead there, else null: what a model writes is not to be trusted. */
export function safeUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return SAFE_PROTOCOLS.includes(url.protocol) ? url.href : null;
}
