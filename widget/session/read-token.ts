/** The claims of a token that a client reads. */
export interface TokenClaims {
  /** Session id. */
  sub?: string | undefined;
  /** ms since the epoch. */
  expiresAt?: number | undefined;
  /** A share: it allows reading only. */
  readOnly: boolean;
}

/** Reads the claims of a JWT (RFC 7519) without checking its signature. A token that cannot be read has none. */
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
