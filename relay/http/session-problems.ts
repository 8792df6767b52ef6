import type { SessionToken, SessionTokens } from '../auth/session-token.ts';
import { RelayError } from '../util/relay-error.ts';

/** Deleted or expired, and still remembered. */
export function sessionExpired(): RelayError {
  return new RelayError('session-expired');
}

/** Nothing is known of the session: it is either new, or so old that even its tombstone has gone. */
export function sessionEmpty(tokens: SessionTokens, session: SessionToken): RelayError {
  return new RelayError(tokens.isYoung(session) ? 'stream-not-started' : 'not-found');
}
