import * as z from 'zod/mini';
import { PAGES, ROUTES, sessionAnswerSchema, stopAnswerSchema, type ChatMessage } from '#shared/protocol.ts';
import type { SessionCredentials } from '#widget/session/types.ts';

/** The answer of `/demo/inspect`; relay/store/session-inspection.ts describes each field. */
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
/** What the store keeps of a session. */
export type Inspection = z.output<typeof inspectionSchema>;

const lateWriteSchema = z.looseObject({ fence: z.number(), seq: z.number(), answer: z.string() });
/** What became of a late write. */
export type LateWrite = z.output<typeof lateWriteSchema>;

/** How long a killed relay may take to come back before it is called gone, ms. */
const PATIENCE_MS = 15_000;

/** What the page does to the relay without the widget. Each rejects when the relay cannot be reached. */
export interface RelayControls {
  /** Stops the active answer as another device would. Resolves to true when there was one. */
  stop(credentials: SessionCredentials): Promise<boolean>;
  /** Kills the relay. Resolves to false where that is not allowed. */
  kill(): Promise<boolean>;
  /** Waits until the relay answers again. Resolves to how long that took, ms; null when it did not. */
  awaitReturn(): Promise<number | null>;
  /** Has the writer under an old fence try its next write; null when the relay does not support that. */
  writeLate(sessionId: string, fence: number): Promise<LateWrite | null>;
  /** What the store keeps of a session; null when nothing, or when this relay does not tell. */
  inspect(sessionId: string): Promise<Inspection | null>;
  /** The conversation as the relay has it; null when it cannot be read. */
  readMessages(credentials: SessionCredentials): Promise<ChatMessage[] | null>;
}

/** Creates the controls; `request` is a fetch that is not cut with the page's network. */
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
      // The relay answers just before it exits.
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

/** Whether the relay answers: one that is down refuses the connection. */
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
