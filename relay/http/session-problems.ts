import type { SessionToken, SessionTokens } from '../auth/session-token.ts';
import { RelayError } from '../util/relay-error.ts';

/** The session was deleted or has expired, and its tombstone is still there. */
export function sessionExpired(): RelayError {
  return new RelayError('session-expired');
}

/** The store knows nothing of the session: it is new, or so old that its tombstone is gone too. */
export function sessionEmpty(tokens: SessionTokens, session: SessionToken): RelayError {
  return new RelayError(tokens.isYoung(session) ? 'stream-not-started' : 'not-found');
}
