import type * as z from 'zod/mini';
import { lastEventIdSchema, streamQuerySchema } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import type { Hub } from '../live/hub.ts';
import { openSink } from '../http/open-sink.ts';
import { SSE_HEADERS } from '../live/frames.ts';
import { RelayError } from '../util/relay-error.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { sessionEmpty, sessionExpired } from '../http/session-problems.ts';

/** What the route uses. */
export interface FollowSessionOptions {
  store: SessionStore;
  tokens: SessionTokens;
  hub: Hub;
}

/** Wins over `after`: an EventSource that reconnects sends it with its first address. */
const LAST_EVENT_ID = 'last-event-id';

/** Streams the log of a session as server-sent events, from a cursor on. */
export function followSession({
  store,
  tokens,
  hub,
}: FollowSessionOptions): Endpoint<unknown, z.output<typeof streamQuerySchema>> {
  return {
    access: 'read',
    query: streamQuerySchema,
    opensStream: true,
    checkFields({ c }) {
      const lastEventId = c.req.header(LAST_EVENT_ID);
      if (lastEventId === undefined || lastEventIdSchema.safeParse(lastEventId).success) return;
      throw new RelayError('invalid-request', { detail: 'Last-Event-ID: must be a cursor, <fence>-<seq>.' });
    },
    sessionId: ({ query }) => query.sessionId,
    async handle({ c, session, query, address }) {
      const { sessionId } = session;
      const after = c.req.header(LAST_EVENT_ID) ?? query.after;
      const first = await store.read(sessionId, hub.firstRead(sessionId, after));
      if (first.kind === 'gone') throw sessionExpired();
      if (first.kind === 'empty') throw sessionEmpty(tokens, session);

      const until = query.until === 'idle' ? (first.run?.runId ?? '') : null;
      let response = new Response();
      const absent = await hub.serve({ sessionId, address, first, after, until, share: session.share ?? null }, () => {
        const opened = openSink(c, SSE_HEADERS);
        response = opened.response;
        return opened.sink;
      });
      if (absent === 'gone') throw sessionExpired();
      if (absent === 'empty') throw sessionEmpty(tokens, session);
      return response;
    },
  };
}
