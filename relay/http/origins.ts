/** Which pages may use the relay from a browser; see ALLOWED_ORIGINS. */
export interface OriginRules {
  /** Exact origins (`null` only when it stands there), `*` for all but `null`, or `own`: the relay's own origin. */
  allowed: readonly string[] | '*' | 'own';
  /** The relay listens on a loopback address alone: `own` then means any loopback origin. */
  loopback: boolean;
}

/**
 * Is this `Origin` allowed? `self` is the origin at which the visitor reached the relay. Compared exactly, as browsers
 * write them: a scheme, a host and a port, nothing before or behind.
 *
 * On loopback `self` does not count by itself: a page of a foreign name that resolves to 127.0.0.1 (DNS rebinding)
 * would then be its own origin.
 */
export function isOriginAllowed(origin: string, self: string, { allowed, loopback }: OriginRules): boolean {
  // Any page can make itself a frame of the origin `null`; whoever wants those says so.
  if (allowed === '*') return origin !== 'null';
  if (allowed !== 'own') return allowed.includes(origin);
  return loopback ? isLoopbackOrigin(origin) : origin === self;
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && /^https?:$/.test(url.protocol) && LOOPBACK_HOST.test(url.hostname);
}

/** `host` as in a HOST setting: a name or a bare address. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_HOST.test(host.includes(':') ? `[${host}]` : host);
}
