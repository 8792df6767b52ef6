import type { SessionCredentials } from '#widget/session/types.ts';

/** What the store keeps of a run, as `/demo/inspect` tells it; everything may be missing in another version. */
export interface Inspection {
  fence?: number;
  sealedTo?: string;
  run?: { status?: string; attempt?: number; owner?: string } | null;
  log?: { fence: number; entries: number; last: number }[];
  steps?: string[];
}

/** How long a killed relay may take to come back before it is called gone, ms. */
const PATIENCE_MS = 15_000;

/** What the page does to the relay behind the widget's back. */
export interface RelayControls {
  /** Stops the active answer as another device would. True when there was one. */
  stop(credentials: SessionCredentials): Promise<boolean>;
  /** True when it was killed, false where that is not allowed. */
  kill(): Promise<boolean>;
  /** Resolves to how long it took until the relay answered again, ms; null when it did not. */
  awaitReturn(): Promise<number | null>;
  /** Null when nothing is stored, or this relay does not tell. */
  inspect(sessionId: string): Promise<Inspection | null>;
}

export function createRelayControls(request: typeof fetch): RelayControls {
  return {
    async stop({ sessionId, token }) {
      const query = new URLSearchParams({ sessionId });
      const headers = { authorization: `Bearer ${token}` };
      const response = await request(`/api/llm-stream?${query}`, { method: 'DELETE', headers });
      if (!response.ok) return false;
      const answer: { cancelled?: boolean } = await response.json();
      return answer.cancelled === true;
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

    async inspect(sessionId) {
      const response = await request(`/demo/inspect?${new URLSearchParams({ sessionId })}`);
      return response.ok ? ((await response.json()) as Inspection) : null;
    },
  };
}

/** A relay that is down refuses the connection, which is an answer too. */
async function isReady(request: typeof fetch): Promise<boolean> {
  try {
    return (await request('/readyz')).ok;
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
