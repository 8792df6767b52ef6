import type * as z from 'zod/mini';
import { feedbackRequestSchema, type MessageFeedback } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import { RelayError } from '../util/relay-error.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { sessionEmpty, sessionExpired } from '../http/session-problems.ts';

/** Rates a reply. The last rating counts, and null takes it back. */
export function rateMessage(options: {
  store: SessionStore;
  tokens: SessionTokens;
}): Endpoint<z.output<typeof feedbackRequestSchema>> {
  const { store, tokens } = options;
  return {
    access: 'write',
    body: feedbackRequestSchema,
    sessionId: ({ c }) => c.req.param('sessionId') ?? '',
    async handle({ c, session, body: { messageId, rating, comment } }) {
      const feedback: MessageFeedback | null = rating && { rating, ...withoutUndefined({ comment }) };
      const answer = await store.rate(session.sessionId, { messageId, feedback: feedback && JSON.stringify(feedback) });
      switch (answer) {
        case 'ok':
          return c.body(null, 204);
        case 'none':
          throw sessionEmpty(tokens, session);
        case 'gone':
          throw sessionExpired();
        case 'unknown':
          throw new RelayError('not-found', { detail: 'messageId: there is no such answer in this conversation.' });
        case 'active':
          throw new RelayError('run-active');
      }
    },
  };
}
