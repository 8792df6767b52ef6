import {
  mintAnswerSchema,
  promptAnswerSchema,
  ROUTES,
  sessionAnswerSchema,
  type MintAnswer,
  type PromptAnswer,
} from '#shared/protocol.ts';
import type { SocketRequest } from '../load/sse-socket.ts';
import { promptFor } from './bench-model.ts';
import type { TokenStream } from './token-wheel.ts';

/** A client of the relay for everything around a measurement: sessions, prompts and Stop, over HTTP. */
export interface RelayClient {
  /** Makes a session. */
  mint(): Promise<MintAnswer>;
  /** Sends a prompt that is answered with this stream of tokens. */
  prompt(session: MintAnswer, stream: TokenStream): Promise<PromptAnswer>;
  /** Stops the active run, if there is one. */
  stop(session: MintAnswer): Promise<void>;
  /** Resolves once no run is active. */
  idle(session: MintAnswer): Promise<void>;
  /** The request of a viewer of the session, from a cursor or from the transcript. */
  view(session: MintAnswer, after?: string): SocketRequest;
}

/** How long a reply may take to end, in ms: longer than any of the bench. */
const IDLE_TIMEOUT_MS = 120_000;

/** A client of the relay on this loopback port. */
export function createRelayClient(port: number): RelayClient {
  const call = async (method: string, path: string, token?: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  return {
    mint: async () => mintAnswerSchema.parse(await call('POST', ROUTES.sessions, undefined, {})),
    prompt: async ({ sessionId, token }, stream) =>
      promptAnswerSchema.parse(await call('POST', ROUTES.prompt, token, { sessionId, prompt: promptFor(stream) })),
    stop: async ({ sessionId, token }) => {
      await call('DELETE', `${ROUTES.prompt}?sessionId=${sessionId}`, token);
    },
    idle: async ({ sessionId, token }) => {
      const deadline = performance.now() + IDLE_TIMEOUT_MS;
      for (;;) {
        const { run } = sessionAnswerSchema.parse(
          await call('GET', ROUTES.session.replace(':sessionId', sessionId), token),
        );
        if (run === null) return;
        if (performance.now() > deadline) throw new Error(`the reply did not end within ${IDLE_TIMEOUT_MS / 1000} s`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    view: ({ sessionId, token }, after) => ({
      port,
      path: `${ROUTES.stream}?sessionId=${sessionId}${after === undefined ? '' : `&after=${after}`}`,
      headers: { authorization: `Bearer ${token}` },
    }),
  };
}

/** Runs `task` for each item, `limit` at a time, and resolves with the results in the order of the items. */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let index = 0; index < items.length; index += limit) {
    results.push(...(await Promise.all(items.slice(index, index + limit).map(task))));
  }
  return results;
}
