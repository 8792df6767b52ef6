import * as z from 'zod/mini';
import { RelayError } from '../util/relay-error.ts';
import type { SessionInspection } from '../store/session-inspection.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';

/** What the demo page needs to break things; given only when it runs for somebody on their own machine. */
export interface DemoControls {
  /** Ends the process at once, as kill -9 does. */
  kill(): void;
  /** What the store keeps of a session; null when there is none. */
  inspect(sessionId: string): SessionInspection | null | Promise<SessionInspection | null>;
}

const inspectQuerySchema = z.strictObject({ sessionId: z.string() });
const lateWriteSchema = z.strictObject({ sessionId: z.string(), fence: z.int().check(z.nonnegative()) });

export function killRelay({ kill }: DemoControls): Endpoint {
  return {
    access: 'open',
    handle({ c }) {
      // After the answer is on its way: whoever asked should learn that it happened.
      setTimeout(kill, 50);
      return c.json({ killed: true }, 202);
    },
  };
}

export function inspectSession({ inspect }: DemoControls): Endpoint<unknown, z.output<typeof inspectQuerySchema>> {
  return {
    access: 'open',
    query: inspectQuerySchema,
    async handle({ c, query }) {
      const found = await inspect(query.sessionId);
      if (!found) throw new RelayError('not-found');
      return c.json(found);
    },
  };
}

/**
 * Writes what a relay that has lost its run would write next if it woke up again, and tells the store's own answer.
 * Only under a fence that is shut out already: fences only rise, so that such a write can never be let in.
 */
export function writeLate(
  { inspect }: DemoControls,
  store: Pick<SessionStore, 'append'>,
): Endpoint<z.output<typeof lateWriteSchema>> {
  return {
    access: 'open',
    body: lateWriteSchema,
    async handle({ c, body: { sessionId, fence } }) {
      const found = await inspect(sessionId);
      if (!found) throw new RelayError('not-found');
      if (fence >= found.fence)
        throw new RelayError('invalid-request', { detail: 'fence: must be one that is shut out' });
      const seq = (found.log.find((lane) => lane.fence === fence)?.last ?? 0) + 1;
      const { kind } = await store.append(sessionId, { fence, seq, entries: ['{"type":"late"}'] });
      return c.json({ fence, seq, answer: kind });
    },
  };
}
