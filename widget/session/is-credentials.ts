import { isSessionId } from '#shared/ids.ts';
import type { SessionCredentials } from './types.ts';

/** Longest token accepted, in characters; the relay's have about 300. */
const MAX_TOKEN_LENGTH = 4096;
/** The characters of a bearer token (RFC 6750, `b64token`). No request can be made with others. */
const TOKEN_PATTERN = /^[A-Za-z0-9._~+/-]+=*$/;

/** Whether this is `{sessionId, token}`. It may come from any code of the page or of its origin. */
export function isCredentials(value: unknown): value is SessionCredentials {
  if (typeof value !== 'object' || value === null) return false;
  const { sessionId, token } = value as Record<string, unknown>;
  return (
    typeof sessionId === 'string' &&
    isSessionId(sessionId) &&
    typeof token === 'string' &&
    token.length <= MAX_TOKEN_LENGTH &&
    TOKEN_PATTERN.test(token)
  );
}
