import type { Cursor } from '#shared/cursor.ts';
import type { Problem } from '#shared/problem.ts';
import {
  mintAnswerSchema,
  problemAnswerSchema,
  promptAnswerSchema,
  sessionAnswerSchema,
  ROUTES,
  stopAnswerSchema,
  type MessageFeedback,
  type MintAnswer,
  type PromptAnswer,
  type SessionAnswer,
  type StopAnswer,
} from '#shared/protocol.ts';
import { parseRetryAfter } from '#shared/retry-after.ts';
import { logOriginRefused } from './origin-refused.ts';
import { createEventReader, type LineEvent } from './read-events.ts';
import type { SessionCredentials } from './types.ts';

/** Time limit of an answer, and of the first byte of a stream, in ms. */
const ANSWER_TIMEOUT_MS = 20_000;

/** Code of a refusal that is not the relay's: something in between has answered. */
export const UNREADABLE_ANSWER = 'unreadable-answer';

/** The relay, or something in between, has refused. */
export interface Refused {
  kind: 'refused';
  problem: Problem;
}
/** No readable answer came. Whether the request was carried out is unknown. */
export interface Lost {
  kind: 'lost';
}
/** The outcome of a request. */
export type Answer<Value> = { kind: 'ok'; value: Value } | Refused | Lost;

/** How a stream ended: refused, `stopped` by its reader, or `lost` (cut, aborted, unreadable, or closed cleanly). */
export type StreamEnd = Refused | Lost | { kind: 'stopped' };

/** Receives what a stream brings. */
export interface StreamReader {
  /** The relay has answered; events will follow. */
  opened(): void;
  /** Bytes have arrived. */
  alive(): void;
  /** Answers false to close the stream. */
  event(event: LineEvent): boolean;
}

/** A prompt, an edit or a regenerate. */
export interface PromptInput {
  messageId: string;
  text?: string | undefined;
  parentId?: string | undefined;
}

/** A rating; `feedback: null` removes an earlier one. */
export interface RatingInput {
  messageId: string;
  feedback: MessageFeedback | null;
}

/** One request or one connection per call. Nothing is retried, nothing rejects. */
export interface Transport {
  /** A new session, or with `token` that session's token renewed. */
  mint(token: string | null, signal: AbortSignal): Promise<Answer<MintAnswer>>;
  submit(credentials: SessionCredentials, input: PromptInput, signal: AbortSignal): Promise<Answer<PromptAnswer>>;
  stop(credentials: SessionCredentials, runId: string, signal: AbortSignal): Promise<Answer<StopAnswer>>;
  rate(credentials: SessionCredentials, input: RatingInput, signal: AbortSignal): Promise<Answer<null>>;
  /** The folded state, a partial reply included. */
  read(credentials: SessionCredentials, signal: AbortSignal): Promise<Answer<SessionAnswer>>;
  stream(
    credentials: SessionCredentials,
    after: Cursor | null,
    reader: StreamReader,
    signal: AbortSignal,
  ): Promise<StreamEnd>;
}

export interface TransportOptions {
  relay: string;
  fetch?: typeof fetch | undefined;
}

const LOST: Lost = { kind: 'lost' };
/** An answer that says all by its status. */
const NOTHING = { safeParse: () => ({ success: true, data: null }) as const };

/** Creates the transport of one relay, given by its origin or the prefix it is mounted at. */
export function createTransport({ relay, fetch: givenFetch }: TransportOptions): Transport {
  // Looked up for each request: pages and tests may wrap the global one later.
  const request: typeof fetch = givenFetch ?? ((input, init) => globalThis.fetch(input, init));

  /** True once an answer could be read: then the relay does not refuse this page. */
  let canRead = false;

  /**
   * A failed request may have been refused in its preflight, which no page can read. Until the first answer each
   * failure of a page of another origin is therefore followed by a request that needs no preflight.
   */
  async function failure(signal: AbortSignal): Promise<Lost | Refused> {
    if (canRead || signal.aborted || !isCrossOrigin(relay)) return LOST;
    try {
      const response = await request(relay + ROUTES.session.replace(':sessionId', 'origin'), {
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      });
      const refused = await readRefusal(response);
      if (refused.problem.code !== 'origin-not-allowed') return LOST;
      logOriginRefused(relay);
      return refused;
    } catch {
      return LOST;
    }
  }

  async function refusal(response: Response): Promise<Refused> {
    const refused = await readRefusal(response);
    if (refused.problem.code === 'origin-not-allowed') logOriginRefused(relay);
    return refused;
  }

  async function ask<Value>(
    path: string,
    init: { method: string; token: string | null; body?: unknown; signal: AbortSignal },
    schema: { safeParse(json: unknown): { success: true; data: Value } | { success: false } },
  ): Promise<Answer<Value>> {
    const attempt = linkedAbort(init.signal);
    const timer = setTimeout(attempt.abort, ANSWER_TIMEOUT_MS);
    try {
      const response = await request(relay + path, {
        method: init.method,
        headers: {
          ...(init.token === null ? {} : { authorization: `Bearer ${init.token}` }),
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
        cache: 'no-store',
        signal: attempt.signal,
      });
      canRead = true;
      if (!response.ok) return await refusal(response);
      const value = schema.safeParse(response.status === 204 ? null : await response.json());
      return value.success ? { kind: 'ok', value: value.data } : LOST;
    } catch {
      // Neither fetch nor the body's reader says why it failed, or whether the request has arrived.
      return await failure(init.signal);
    } finally {
      clearTimeout(timer);
      attempt.abort();
    }
  }

  return {
    mint: (token, signal) => ask(ROUTES.sessions, { method: 'POST', token, body: {}, signal }, mintAnswerSchema),

    submit: ({ sessionId, token }, { messageId, text, parentId }, signal) => {
      const body = { sessionId, prompt: text, messageId, parentId };
      return ask(ROUTES.prompt, { method: 'POST', token, body, signal }, promptAnswerSchema);
    },

    stop: ({ sessionId, token }, runId, signal) => {
      const query = new URLSearchParams({ sessionId, runId });
      return ask(`${ROUTES.prompt}?${query}`, { method: 'DELETE', token, signal }, stopAnswerSchema);
    },

    rate: ({ sessionId, token }, { messageId, feedback }, signal) => {
      const path = ROUTES.feedback.replace(':sessionId', sessionId);
      const body = { messageId, rating: null, ...feedback };
      return ask(path, { method: 'POST', token, body, signal }, NOTHING);
    },

    read: ({ sessionId, token }, signal) =>
      ask(ROUTES.session.replace(':sessionId', sessionId), { method: 'GET', token, signal }, sessionAnswerSchema),

    async stream({ sessionId, token }, after, reader, signal) {
      const connection = linkedAbort(signal);
      const timer = setTimeout(connection.abort, ANSWER_TIMEOUT_MS);
      try {
        let bytes: ReadableStreamDefaultReader<Uint8Array>;
        try {
          // The cursor is a header and not part of the URL, so that a browser makes one CORS preflight for all.
          const response = await request(`${relay}${ROUTES.stream}?${new URLSearchParams({ sessionId })}`, {
            headers: { authorization: `Bearer ${token}`, ...(after === null ? {} : { 'last-event-id': after }) },
            cache: 'no-store',
            signal: connection.signal,
          });
          canRead = true;
          if (!response.ok) return await refusal(response);
          if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) return LOST;
          bytes = response.body.getReader();
        } catch {
          return await failure(signal);
        } finally {
          clearTimeout(timer);
        }
        reader.opened();
        const events = createEventReader();
        for (;;) {
          let complete: LineEvent[];
          try {
            const { done, value } = await bytes.read();
            if (done) return LOST;
            reader.alive();
            complete = events.feed(value);
          } catch {
            return LOST;
          }
          // Outside the try: an error thrown by the reader is a defect here, not a lost connection.
          for (const event of complete) {
            if (signal.aborted) return LOST;
            if (!reader.event(event)) return { kind: 'stopped' };
          }
        }
      } finally {
        connection.abort();
      }
    },
  };
}

/** True on a page of another origin than the relay's, where the browser hides what the relay does not let it read. */
function isCrossOrigin(relay: string): boolean {
  const page = globalThis.location?.origin;
  return page !== undefined && URL.canParse(relay) && new URL(relay).origin !== page;
}

/** The problem in a refusal, or UNREADABLE_ANSWER when there is none. */
async function readRefusal(response: Response): Promise<Refused> {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after') ?? '');
  let json: unknown = null;
  try {
    json = await response.json();
  } catch {
    // A proxy's page, or nothing at all: UNREADABLE_ANSWER below.
  }
  const parsed = problemAnswerSchema.safeParse(json);
  const problem: Problem = parsed.success
    ? parsed.data
    : {
        type: 'about:blank',
        title: 'The answer could not be read',
        status: response.status,
        code: UNREADABLE_ANSWER,
        retryable: true,
      };
  const wait = problem.retryAfterMs ?? retryAfterMs;
  return { kind: 'refused', problem: wait === undefined ? problem : { ...problem, retryAfterMs: wait } };
}

/** A signal that aborts with the outer one. Its `abort` removes the listener from the outer signal. */
function linkedAbort(outer: AbortSignal): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  const abort = (): void => {
    outer.removeEventListener('abort', abort);
    controller.abort();
  };
  if (outer.aborted) controller.abort();
  else outer.addEventListener('abort', abort);
  return { signal: controller.signal, abort };
}
