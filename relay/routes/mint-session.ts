import type * as z from 'zod/mini';
import { mintRequestSchema, type MintAnswer } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import type { Endpoint } from '../http/endpoint.ts';

/** Mints a session, of which nothing is stored yet; or renews the token that the request bears. */
export function mintSession({ tokens }: { tokens: SessionTokens }): Endpoint<z.output<typeof mintRequestSchema>> {
  return {
    access: 'mint',
    body: mintRequestSchema,
    async handle({ c, session }) {
      const answer: MintAnswer = { sessionId: session.sessionId, ...(await tokens.sign(session)) };
      return c.json(answer, 201);
    },
  };
}
