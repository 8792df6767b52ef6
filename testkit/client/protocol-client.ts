/**
 * A client of the relay, written from docs/protocol.md alone: it shares no code with the product, so that a mistake
 * made on both sides does not cancel itself out.
 */
import { randomUUID } from 'node:crypto';
import { isNetworkError } from '../network/is-network-error.ts';
import { sleep } from '../wait.ts';

/** What a client keeps of a session. */
export interface Credentials {
  sessionId: string;
  token: string;
}

/** The answer to an accepted prompt. */
export interface Accepted {
  sessionId: string;
  messageId: string;
  runId: string;
  cursor: string;
}

/** A part of a message: a `step-start`, a text, a reasoning, or a tool call of the type `tool-<name>`. */
export interface WirePart {
  type: string;
  text?: string;
  toolCallId?: string;
  state?: string;
  input?: unknown;
  output?: unknown;
}

/** A message as it travels in a snapshot or in the state of a session. */
export interface WireMessage {
  id: string;
  role: string;
  parts: WirePart[];
  metadata?: { run?: { runId: string; status: string; attempt: number; problem?: { code: string } } };
}

/** The answer to `GET /api/sessions/:id`. */
export interface SessionState {
  messages: WireMessage[];
  run: { runId: string; messageId: string; status: string; attempt: number } | null;
  cursor: string;
}

/** A response with its body parsed; null for an empty one. */
export interface Answer<T> {
  status: number;
  body: T;
}

/** Ms until a request without an answer counts as lost. */
const REQUEST_TIMEOUT_MS = 2_000;
const RETRY_MS = 50;
const GIVE_UP_MS = 30_000;

/** Requests of docs/protocol.md. Those that fail are repeated until the relay answers, but for `postOnce`. */
export interface ProtocolClient {
  readonly origin: string;
  /** Requests that were sent again. */
  readonly retries: number;
  mint(): Promise<Credentials>;
  /** Posts a prompt until the relay answers something other than 503, with the same message id each time. */
  post(
    credentials: Credentials,
    prompt: { prompt?: string; messageId?: string; parentId?: string },
  ): Promise<Answer<Accepted>>;
  /** Posts once; null when the network or the relay failed before the answer. */
  postOnce(credentials: Credentials, prompt: { prompt: string; messageId: string }): Promise<Answer<Accepted> | null>;
  stop(credentials: Credentials, runId?: string): Promise<Answer<{ cancelled: boolean; runId?: string }>>;
  state(credentials: Credentials): Promise<Answer<SessionState>>;
  erase(credentials: Credentials): Promise<Answer<null>>;
}

/** A client of one relay, or of a proxy before relays. */
export function createProtocolClient(origin: string): ProtocolClient {
  let retries = 0;

  /** Sends until the relay answers: every request here is idempotent. */
  async function send<T>(method: string, path: string, token: string | null, body?: unknown): Promise<Answer<T>> {
    const deadline = Date.now() + GIVE_UP_MS;
    for (;;) {
      const answer = await attempt<T>(method, path, token, body);
      if (answer && answer.status !== 503) return answer;
      if (Date.now() > deadline) throw new Error(`${method} ${path} was not answered within ${GIVE_UP_MS} ms.`);
      retries += 1;
      await sleep(RETRY_MS);
    }
  }

  async function attempt<T>(
    method: string,
    path: string,
    token: string | null,
    body: unknown,
  ): Promise<Answer<T> | null> {
    try {
      const response = await fetch(`${origin}${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
    } catch (error) {
      if (isNetworkError(error)) return null;
      throw error;
    }
  }

  return {
    origin,
    get retries() {
      return retries;
    },
    async mint() {
      const { status, body } = await send<Credentials>('POST', '/api/sessions', null, {});
      if (status !== 201) throw new Error(`Minting a session answered ${status}.`);
      return { sessionId: body.sessionId, token: body.token };
    },
    post({ sessionId, token }, prompt) {
      return send('POST', '/api/llm-stream', token, { sessionId, messageId: randomUUID(), ...prompt });
    },
    postOnce: ({ sessionId, token }, prompt) => attempt('POST', '/api/llm-stream', token, { sessionId, ...prompt }),
    stop({ sessionId, token }, runId) {
      const run = runId === undefined ? '' : `&runId=${encodeURIComponent(runId)}`;
      return send('DELETE', `/api/llm-stream?sessionId=${sessionId}${run}`, token);
    },
    state: ({ sessionId, token }) => send('GET', `/api/sessions/${sessionId}`, token),
    erase: ({ sessionId, token }) => send('DELETE', `/api/sessions/${sessionId}`, token),
  };
}
