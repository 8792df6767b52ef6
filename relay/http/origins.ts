/** Which pages may use the relay from a browser. */
export interface OriginRules {
  /** Exact origins such as `https://example.com` (`null` only when listed), `*` for all but `null`, or `own`: the relay's. */
  allowed: readonly string[] | '*' | 'own';
  /** The relay listens on a loopback address alone: `own` then means any loopback origin. */
  loopback: boolean;
}

/**
 * Is this `Origin` header allowed? `self` is the origin at which the visitor reached the relay. Origins are compared
 * exactly, as browsers write them: a scheme, a host and a port, with nothing before or after.
 *
 * On loopback `self` does not count by itself: a page of a foreign name that resolves to 127.0.0.1 (DNS rebinding)
 * would then be its own origin.
 */
export function isOriginAllowed(origin: string, self: string, { allowed, loopback }: OriginRules): boolean {
  // Any page can frame a document whose origin is `null`, so it has to be listed.
  if (allowed === '*') return origin !== 'null';
  if (allowed !== 'own') return allowed.includes(origin);
  return loopback ? isLoopbackOrigin(origin) : origin === self;
}

/** Is this an origin as a browser writes it? Another spelling, such as one with a slash at its end, would never match. */
export function isOrigin(text: string): boolean {
  return text === 'null' || URL.parse(text)?.origin === text;
}

/** @throws TypeError naming the first origin that could never match. */
export function checkOriginRules({ allowed }: OriginRules): void {
  const wrong = Array.isArray(allowed) ? allowed.find((origin) => !isOrigin(origin)) : undefined;
  if (wrong !== undefined)
    throw new TypeError(`origins.allowed must hold origins such as https://example.com: ${wrong}`);
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function isLoopbackOrigin(origin: string): boolean {
  const url = URL.parse(origin);
  return url?.origin === origin && /^https?:$/.test(url.protocol) && LOOPBACK_HOST.test(url.hostname);
}

/** Is this host, a name or a bare address as in the HOST setting, reachable from this machine alone? */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_HOST.test(host.includes(':') ? `[${host}]` : host);
}
