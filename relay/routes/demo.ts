import * as z from 'zod/mini';
import { RelayError } from '../util/relay-error.ts';
import type { SessionInspection } from '../store/session-inspection.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Endpoint } from '../http/endpoint.ts';

/** What the demo page uses to break the relay; given only on a loopback address. */
export interface DemoControls {
  /** Kills the process at once, as `kill -9` does. */
  kill(): void;
  /** What the store keeps of a session; null when there is no such session. */
  inspect(sessionId: string): SessionInspection | null | Promise<SessionInspection | null>;
}

const inspectQuerySchema = z.strictObject({ sessionId: z.string() });
const lateWriteSchema = z.strictObject({ sessionId: z.string(), fence: z.int().check(z.nonnegative()) });

/** Kills the relay. */
export function killRelay({ kill }: DemoControls): Endpoint {
  return {
    access: 'open',
    handle({ c }) {
      // After the answer was sent, so that the page learns that it worked.
      setTimeout(kill, 50);
      return c.json({ killed: true }, 202);
    },
  };
}

/** Shows what the store keeps of a session. */
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
 * Appends what a relay that was taken over would append next if it woke up, and answers what the store said. Only stale
 * fences are accepted: fences only rise, so such a write can never succeed.
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
      if (fence >= found.fence) throw new RelayError('invalid-request', { detail: 'fence: must be a stale one.' });
      const seq = (found.log.find((lane) => lane.fence === fence)?.last ?? 0) + 1;
      const { kind } = await store.append(sessionId, { fence, seq, entries: ['{"type":"late"}'] });
      return c.json({ fence, seq, answer: kind });
    },
  };
}
