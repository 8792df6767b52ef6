import type * as z from 'zod/mini';
import { newId } from '#shared/ids.ts';
import { shareRequestSchema, type ShareAnswer } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { sessionEmpty, sessionExpired } from '../http/session-problems.ts';

interface ShareOptions {
  store: SessionStore;
  tokens: SessionTokens;
}

/**
 * Shares the session: answers a token that can read it and do nothing else. `shareId` names the token, which bears it as
 * `jti`; it is no key to revoke by, since all shares of a session are revoked together (docs/decisions/0013).
 */
export function shareSession({ store, tokens }: ShareOptions): Endpoint<z.output<typeof shareRequestSchema>> {
  return {
    access: 'write',
    body: shareRequestSchema,
    sessionId: ({ c }) => c.req.param('sessionId') ?? '',
    async handle({ c, session, body }) {
      const head = await store.head(session.sessionId);
      if (head.kind === 'gone') throw sessionExpired();
      if (head.kind === 'empty') throw sessionEmpty(tokens, session);
      const { expiresInSeconds } = body;
      const shareId = newId();
      const maxMs = expiresInSeconds === undefined ? undefined : expiresInSeconds * 1000;
      const signed = await tokens.sign({ ...session, cap: 'ro', share: head.revoked, shareId }, maxMs);
      return c.json({ shareId, ...signed } satisfies ShareAnswer, 201);
    },
  };
}

/** Revokes all shares of the session and ends their streams. Idempotent. */
export function unshareSession({ store, tokens }: ShareOptions): Endpoint {
  return {
    access: 'write',
    sessionId: ({ c }) => c.req.param('sessionId') ?? '',
    async handle({ c, session }) {
      const answer = await store.revoke(session.sessionId);
      if (answer === 'gone') throw sessionExpired();
      if (answer === 'none' && !tokens.isYoung(session)) throw sessionEmpty(tokens, session);
      return c.body(null, 204);
    },
  };
}
