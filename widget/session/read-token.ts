/** What a client looks at in a token. What else it looks like is the relay's own business. */
export interface TokenClaims {
  /** The session that it is for. */
  sub?: string | undefined;
  /** When it ends, ms since the epoch. */
  expiresAt?: number | undefined;
  /** It was shared, and allows reading alone. */
  readOnly: boolean;
}

/** The claims of a token (RFC 7519), its signature not looked at; of one that cannot be read, none. */
export function readToken(token: string): TokenClaims {
  try {
    const payload = token.split('.')[1] ?? '';
    const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
    const { exp, sub, cap } = claims;
    return {
      ...(typeof sub === 'string' ? { sub } : {}),
      ...(typeof exp === 'number' ? { expiresAt: exp * 1000 } : {}),
      readOnly: cap === 'ro',
    };
  } catch {
    return { readOnly: false };
  }
}
