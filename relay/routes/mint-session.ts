import type * as z from 'zod/mini';
import { mintRequestSchema, type MintAnswer } from '#shared/protocol.ts';
import type { SessionTokens } from '../auth/session-token.ts';
import type { Endpoint } from '../http/endpoint.ts';

/** A new session, which nothing is stored of yet, or a new token for the session of the token shown. */
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
