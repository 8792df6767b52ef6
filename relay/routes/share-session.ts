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

/** A token with which others can read this session, and nothing else. */
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
      const livesMs = expiresInSeconds === undefined ? undefined : expiresInSeconds * 1000;
      const signed = await tokens.sign({ ...session, cap: 'ro', share: head.revoked }, livesMs);
      // Shares are revoked together, so that nothing has to be kept of a single one.
      return c.json({ shareId: newId(), ...signed } satisfies ShareAnswer, 201);
    },
  };
}

/** Revokes all that was shared, and ends what is open of it; again, and where nothing was, it is done as well. */
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
