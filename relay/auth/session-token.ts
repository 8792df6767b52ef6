import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod/mini';
import { SESSION_ID_PATTERN } from '#shared/ids.ts';
import { RelayError } from '../util/relay-error.ts';
import { withoutUndefined } from '../util/without-undefined.ts';

/** What a token says; only tokens whose signature was verified are read. */
export interface SessionToken {
  sessionId: string;
  /** When the session was minted, in ms since the epoch. Renewals keep it. */
  mintedAt: number;
  /** `rw` allows everything, `ro` only reading. */
  cap: 'rw' | 'ro';
  /** In the token of a share: how often the session's shares had been revoked when it was made. */
  share?: number | undefined;
  /** In the token of a share: its id, the claim `jti`. */
  shareId?: string | undefined;
}

/** A signed token, to be sent to a client. */
export interface SignedToken {
  token: string;
  /** In ms since the epoch. */
  expiresAt: number;
}

/** Signs and verifies the tokens of sessions. */
export interface SessionTokens {
  /** Signs a token that is valid for twice the session's TTL, or for `maxMs` if that is shorter. */
  sign(token: SessionToken, maxMs?: number): Promise<SignedToken>;
  /**
   * Verifies the `Authorization` header. With `expiredOk` a token is accepted for one more TTL after its end, so that it
   * can be renewed.
   *
   * @throws RelayError `unauthorized` when it holds no valid token.
   */
  verify(authorization: string | undefined, options?: { expiredOk?: boolean }): Promise<SessionToken>;
  /** Was the session minted less than its TTL ago? */
  isYoung(token: SessionToken): boolean;
}

export interface SessionTokensOptions {
  /** The HMAC key: 16 bytes at least, better 32. */
  secret: string;
  /** How long a session is kept after its last write, in ms. */
  sessionTtlMs: number;
  /** The time in ms since the epoch. */
  clock: () => number;
}

/** Shortest secret that is accepted, in bytes. RFC 7518 (3.2) asks for 32. */
export const MIN_SECRET_BYTES = 16;
const ALGORITHM = 'HS256';
/** Tokens that another service signed with the same secret have another audience, and are refused. */
const AUDIENCE = 'resumable-chat';
// The scheme is case-insensitive (RFC 9110, 11.1). Any other scheme is refused, even with a valid JWT.
const BEARER = /^bearer +([\w~+/=.-]+)$/i;

/**
 * Verified tokens that are cached. All requests of a visitor bear the same token, and verifying its signature costs more
 * than the rest of a short request. The cache takes less than a megabyte.
 */
const REMEMBERED_TOKENS = 2000;

const claimsSchema = z.object({
  /** Seconds since the epoch. */
  exp: z.number(),
  sub: z.string().check(z.regex(SESSION_ID_PATTERN)),
  minted: z.int(),
  cap: z.enum(['rw', 'ro']),
  share: z.optional(z.int()),
  jti: z.optional(z.string()),
});

interface Claims {
  session: SessionToken;
  /** Seconds since the epoch. */
  exp: number;
}

/**
 * Creates the signer and verifier of session tokens: JWTs, signed by HMAC with SHA-256.
 *
 * @throws RangeError when the secret is too short.
 */
export function createSessionTokens({ secret, sessionTtlMs, clock }: SessionTokensOptions): SessionTokens {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < MIN_SECRET_BYTES)
    throw new RangeError(`the secret for session tokens needs at least ${MIN_SECRET_BYTES} bytes`);
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  const remembered = new Map<string, Claims>();

  /** The claims of a token, whether it has expired or not. Rejects when the relay did not sign it. */
  async function readClaims(jwt: string): Promise<Claims> {
    const known = remembered.get(jwt);
    if (known) return known;
    const { payload } = await jwtVerify(jwt, await key, {
      algorithms: [ALGORITHM],
      audience: AUDIENCE,
      requiredClaims: ['exp'],
      // `verify` decides about expiry, because renewals accept expired tokens.
      clockTolerance: Number.MAX_SAFE_INTEGER,
    });
    const { sub, minted, cap, exp, share, jti: shareId } = claimsSchema.parse(payload);
    const session = { sessionId: sub, mintedAt: minted, cap, ...withoutUndefined({ share, shareId }) };
    const claims: Claims = { session, exp };
    for (const oldest of remembered.keys()) {
      if (remembered.size < REMEMBERED_TOKENS) break;
      remembered.delete(oldest);
    }
    remembered.set(jwt, claims);
    return claims;
  }

  return {
    async sign({ sessionId, mintedAt, cap, share, shareId: jti }, maxMs = Infinity) {
      // JWTs have whole seconds. Rounded up, so that a token is never valid for less than promised.
      const expiresAtSeconds = Math.ceil((clock() + Math.min(2 * sessionTtlMs, maxMs)) / 1000);
      const token = await new SignJWT({ minted: mintedAt, cap, ...withoutUndefined({ share, jti }) })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setSubject(sessionId)
        .setAudience(AUDIENCE)
        .setExpirationTime(expiresAtSeconds)
        .sign(await key);
      return { token, expiresAt: expiresAtSeconds * 1000 };
    },

    async verify(authorization, { expiredOk = false } = {}) {
      const jwt = BEARER.exec(authorization ?? '')?.[1];
      if (jwt === undefined) throw new RelayError('unauthorized');
      const claims = await readClaims(jwt).catch((cause: unknown) => {
        // Why a stranger's token is invalid is not told: it would help forgers.
        throw new RelayError('unauthorized', { cause });
      });
      const endsAt = claims.exp * 1000 + (expiredOk ? sessionTtlMs : 0);
      if (clock() >= endsAt) throw new RelayError('unauthorized');
      return claims.session;
    },

    isYoung: ({ mintedAt }) => clock() - mintedAt < sessionTtlMs,
  };
}
