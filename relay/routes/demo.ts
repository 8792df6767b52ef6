import * as z from 'zod/mini';
import { RelayError } from '../relay-error.ts';
import type { Endpoint } from './endpoint.ts';

/** What the demo page needs to break things; given only when it runs for somebody on their own machine. */
export interface DemoControls {
  /** Ends the process at once, as kill -9 does. */
  kill(): void;
  /** What the store keeps of a session; null when there is none. */
  inspect(sessionId: string): object | null;
}

const inspectQuerySchema = z.strictObject({ sessionId: z.string() });

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
    handle({ c, query }) {
      const found = inspect(query.sessionId);
      if (!found) throw new RelayError('not-found');
      return c.json(found);
    },
  };
}
