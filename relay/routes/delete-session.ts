import type { SessionTokens } from '../auth/session-token.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { sessionEmpty } from '../http/session-problems.ts';

/** Stops the run and erases the session. Idempotent, also for a session that was never written. */
export function deleteSession({ store, tokens }: { store: SessionStore; tokens: SessionTokens }): Endpoint {
  return {
    access: 'write',
    sessionId: ({ c }) => c.req.param('sessionId') ?? '',
    async handle({ c, session }) {
      if (!tokens.isYoung(session) && (await store.head(session.sessionId)).kind === 'empty') {
        throw sessionEmpty(tokens, session);
      }
      await store.delete(session.sessionId);
      return c.body(null, 204);
    },
  };
}
