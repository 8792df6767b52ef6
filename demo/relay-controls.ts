import * as z from 'zod/mini';
import { PAGES, ROUTES, sessionAnswerSchema, stopAnswerSchema, type ChatMessage } from '#shared/protocol.ts';
import type { SessionCredentials } from '#widget/session/types.ts';

/** As `/demo/inspect` tells it: see relay/store/session-inspection.ts, which says what each field means. */
const inspectionSchema = z.looseObject({
  fence: z.number(),
  head: z.string(),
  sealedTo: z.string(),
  now: z.number(),
  run: z.nullable(
    z.looseObject({
      runId: z.string(),
      status: z.string(),
      attempt: z.number(),
      holder: z.string(),
      owner: z.string(),
      dueAt: z.number(),
    }),
  ),
  log: z.array(
    z.looseObject({ fence: z.number(), entries: z.number(), last: z.number(), prev: z.nullable(z.string()) }),
  ),
  steps: z.array(z.string()),
});
export type Inspection = z.output<typeof inspectionSchema>;

const lateWriteSchema = z.looseObject({ fence: z.number(), seq: z.number(), answer: z.string() });
export type LateWrite = z.output<typeof lateWriteSchema>;

/** How long a killed relay may take to come back before it is called gone, ms. */
const PATIENCE_MS = 15_000;

/** What the page does to the relay behind the widget's back. Each rejects when the relay cannot be reached. */
export interface RelayControls {
  /** Stops the active answer as another device would. True when there was one. */
  stop(credentials: SessionCredentials): Promise<boolean>;
  /** True when it was killed, false where that is not allowed. */
  kill(): Promise<boolean>;
  /** Resolves to how long it took until the relay answered again, ms; null when it did not. */
  awaitReturn(): Promise<number | null>;
  /** Lets the writer under a fence that is shut out try its next write; null when the relay will not play. */
  writeLate(sessionId: string, fence: number): Promise<LateWrite | null>;
  /** Null when nothing is stored, or this relay does not tell. */
  inspect(sessionId: string): Promise<Inspection | null>;
  /** The conversation as the relay has it; null when it does not tell. */
  readMessages(credentials: SessionCredentials): Promise<ChatMessage[] | null>;
}

export function createRelayControls(request: typeof fetch): RelayControls {
  return {
    async stop({ sessionId, token }) {
      const query = new URLSearchParams({ sessionId });
      const response = await request(`${ROUTES.prompt}?${query}`, { method: 'DELETE', headers: bearer(token) });
      return response.ok && stopAnswerSchema.parse(await response.json()).cancelled;
    },

    async kill() {
      return (await request('/demo/kill', { method: 'POST' })).ok;
    },

    async awaitReturn() {
      const since = performance.now();
      // It says that it dies just before it does.
      await pause(300);
      while (performance.now() - since < PATIENCE_MS) {
        if (await isReady(request)) return performance.now() - since;
        await pause(150);
      }
      return null;
    },

    async writeLate(sessionId, fence) {
      const response = await request('/demo/late-write', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sessionId, fence }),
      });
      return response.ok ? lateWriteSchema.parse(await response.json()) : null;
    },

    async inspect(sessionId) {
      const response = await request(`/demo/inspect?${new URLSearchParams({ sessionId })}`, { cache: 'no-store' });
      return response.ok ? inspectionSchema.parse(await response.json()) : null;
    },

    async readMessages({ sessionId, token }) {
      const path = ROUTES.session.replace(':sessionId', encodeURIComponent(sessionId));
      const response = await request(path, { headers: bearer(token), cache: 'no-store' });
      return response.ok ? sessionAnswerSchema.parse(await response.json()).messages : null;
    },
  };
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A relay that is down refuses the connection, which is an answer too. */
async function isReady(request: typeof fetch): Promise<boolean> {
  try {
    return (await request(PAGES.ready)).ok;
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
