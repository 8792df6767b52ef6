import type * as z from 'zod/mini';
import { newId } from '#shared/ids.ts';
import { stopQuerySchema, type StopAnswer } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import type { Logger } from '../util/logger.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import { sealSession } from '../store/seal-session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { sessionEmpty, sessionExpired } from '../http/session-problems.ts';

/** What the route uses. */
export interface StopRunOptions {
  store: SessionStore;
  tokens: SessionTokens;
  logger: Logger;
}

/** Stops the active run, whichever relay executes it: the store raises the fence, so that its writer is refused. */
export function stopRun({
  store,
  tokens,
  logger,
}: StopRunOptions): Endpoint<unknown, z.output<typeof stopQuerySchema>> {
  return {
    access: 'write',
    query: stopQuerySchema,
    sessionId: ({ query }) => query.sessionId,
    async handle({ c, session, query: { runId } }) {
      const { sessionId } = session;
      if (!tokens.isYoung(session) && (await store.head(sessionId)).kind === 'empty')
        throw sessionEmpty(tokens, session);
      const input = { token: newId(), ...withoutUndefined({ runId }) };
      const answer = await store.cancel(sessionId, input);
      if (answer.kind === 'gone') throw sessionExpired();
      if (answer.kind === 'none') return c.json({ cancelled: false } satisfies StopAnswer);
      // Not awaited: a session that cannot be sealed now is sealed after its next run.
      sealSession(store, sessionId).catch((error: unknown) => {
        logger.warn({ err: error }, 'A stopped run could not be sealed; it is sealed after the next run');
      });
      return c.json({ cancelled: true, runId: answer.runId } satisfies StopAnswer);
    },
  };
}
