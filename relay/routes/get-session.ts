import type { SessionAnswer } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import { encodeMessages } from '../store/entries/encode-messages.ts';
import { readSession } from '../store/read-session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { sessionEmpty, sessionExpired } from '../http/session-problems.ts';

/** Answers the state of a session: its messages, a partial reply included, its run and its cursor. */
export function getSession({ store, tokens }: { store: SessionStore; tokens: SessionTokens }): Endpoint {
  return {
    access: 'read',
    sessionId: ({ c }) => c.req.param('sessionId') ?? '',
    async handle({ c, session }) {
      const view = await readSession(store, session.sessionId);
      if (view.kind === 'gone') throw sessionExpired();
      if (view.kind === 'empty') throw sessionEmpty(tokens, session);
      const { messages, cursor } = view.state;
      const { sessionId } = session;
      const rest = { sessionId, run: view.run && { ...view.run }, cursor } satisfies Omit<SessionAnswer, 'messages'>;
      const text = `${JSON.stringify(rest).slice(0, -1)},"messages":${await encodeMessages(messages)}}`;
      return c.body(text, 200, { 'content-type': 'application/json' });
    },
  };
}
