import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod/mini';
import { SESSION_ID_PATTERN } from '#shared/ids.ts';
import { RelayError } from '../util/relay-error.ts';

/** What a token says once its signature was checked. */
export interface SessionToken {
  sessionId: string;
  /** When the session was minted, ms since the epoch; renewing keeps it. */
  mintedAt: number;
  /** `rw`: everything. `ro`: reading alone. */
  cap: 'rw' | 'ro';
  /** Of one that was shared: how often shares of its session had been revoked by then. */
  share?: number | undefined;
}

export interface SignedToken {
  token: string;
  /** ms since the epoch. */
  expiresAt: number;
}

export interface SessionTokens {
  /** Signs a token that lives twice SESSION_TTL from now, or as long as is said, if that is shorter. */
  sign(token: SessionToken, livesMs?: number): Promise<SignedToken>;
  /**
   * Reads the `Authorization` header; `expiredOk` also takes a token up to SESSION_TTL after its end, for renewal.
   * @throws RelayError `unauthorized` when there is no good token in it.
   */
  verify(authorization: string | undefined, options?: { expiredOk?: boolean }): Promise<SessionToken>;
  /** Was the session minted less than SESSION_TTL ago? */
  isYoung(token: SessionToken): boolean;
}

export interface SessionTokensOptions {
  /** The HMAC key; at least 16 bytes, better 32. */
  secret: string;
  sessionTtlMs: number;
  /** ms since the epoch. */
  clock: () => number;
}

/** RFC 7518 (3.2) asks for 32. */
export const MIN_SECRET_BYTES = 16;
const ALGORITHM = 'HS256';
/** Keeps a token that somebody else signed with the same secret, for another purpose, from being one of ours. */
const AUDIENCE = 'resumable-chat';
// The scheme is compared without case (RFC 9110, 11.1); any other scheme than Bearer is refused, a JWT or not.
const BEARER = /^bearer +([\w~+/=.-]+)$/i;

/**
 * Tokens whose signature was checked lately: each of a visitor's requests shows the same one, and checking it costs more
 * than all else that a short request does. Less than a megabyte.
 */
const REMEMBERED_TOKENS = 2000;

const claimsSchema = z.object({
  /** Seconds since the epoch. */
  exp: z.number(),
  sub: z.string().check(z.regex(SESSION_ID_PATTERN)),
  minted: z.int(),
  cap: z.enum(['rw', 'ro']),
  share: z.optional(z.int()),
});

interface Claims {
  session: SessionToken;
  /** Seconds since the epoch. */
  exp: number;
}

export function createSessionTokens({ secret, sessionTtlMs, clock }: SessionTokensOptions): SessionTokens {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < MIN_SECRET_BYTES)
    throw new RangeError(`the secret for session tokens needs at least ${MIN_SECRET_BYTES} bytes`);
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  const remembered = new Map<string, Claims>();

  /** Everything about a token that does not change with time. Rejects when it is none of ours. */
  async function readClaims(jwt: string): Promise<Claims> {
    const known = remembered.get(jwt);
    if (known) return known;
    const { payload } = await jwtVerify(jwt, await key, {
      algorithms: [ALGORITHM],
      audience: AUDIENCE,
      requiredClaims: ['exp'],
      // Whether it has ended is for `verify` to say.
      clockTolerance: Number.MAX_SAFE_INTEGER,
    });
    const { sub, minted, cap, exp, share } = claimsSchema.parse(payload);
    const session = { sessionId: sub, mintedAt: minted, cap, ...(share === undefined ? {} : { share }) };
    const claims: Claims = { session, exp };
    for (const oldest of remembered.keys()) {
      if (remembered.size < REMEMBERED_TOKENS) break;
      remembered.delete(oldest);
    }
    remembered.set(jwt, claims);
    return claims;
  }

  return {
    async sign({ sessionId, mintedAt, cap, share }, livesMs = Infinity) {
      // Whole seconds, as JWTs have them: rounded up, so that the token never lives shorter than promised.
      const expiresAtSeconds = Math.ceil((clock() + Math.min(2 * sessionTtlMs, livesMs)) / 1000);
      const token = await new SignJWT({ minted: mintedAt, cap, ...(share === undefined ? {} : { share }) })
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
        // Whatever is wrong with what a stranger sent as a token, it is no token.
        throw new RelayError('unauthorized', { cause });
      });
      const endsAt = claims.exp * 1000 + (expiredOk ? sessionTtlMs : 0);
      if (clock() >= endsAt) throw new RelayError('unauthorized');
      return claims.session;
    },

    isYoung: ({ mintedAt }) => clock() - mintedAt < sessionTtlMs,
  };
}
