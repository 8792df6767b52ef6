import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { RequestIdVariables } from 'hono/request-id';
import type * as z from 'zod/mini';
import type { OpenedSink } from '../live/sinks/web.ts';
import type { SessionToken } from '../auth/session-token.ts';

/** On Node the server passes its request and response as bindings. Elsewhere there are none: `c.env` may be undefined. */
export interface RelayEnv {
  Bindings: Partial<HttpBindings> & {
    /**
     * Opens the body of this request's answer, when the server can send it better than a `ReadableStream`. The server
     * takes status and headers from the `Response` that comes back with this body, so that middleware keeps its say.
     */
    openSink?: () => OpenedSink;
  };
  Variables: RequestIdVariables;
}

/** One method of one route. The checks (checks.ts) read its fields, and `handle` runs when all have passed. */
export interface Endpoint<Body = unknown, Query = unknown> {
  /**
   * The token that is needed. `open`: none, and none is read. `mint`: none, but a given one must be valid or renewable.
   * `read`: any. `write`: one that may do more than read.
   */
  access: 'open' | 'mint' | 'read' | 'write';
  /** Schema of the JSON body; without it no body is read. */
  body?: z.ZodMiniType<Body>;
  /** Schema of the query; without it the query must be empty. */
  query?: z.ZodMiniType<Query>;
  /** The answer is an event stream. It is refused while the relay drains, and HEAD is refused. */
  opensStream?: true;
  /**
   * Validates what stands in neither body nor query.
   *
   * @throws RelayError `invalid-request`
   */
  checkFields?(call: Call<Body, Query>): void;
  /** The session that is asked for; the token's own when not given. */
  sessionId?(call: Call<Body, Query>): string;
  /** The text that MAX_PROMPT_BYTES limits. */
  prompt?(call: Call<Body, Query>): string | undefined;
  handle(call: Call<Body, Query>): Response | Promise<Response>;
}

/** A request that passed its checks. */
export interface Call<Body = unknown, Query = unknown> {
  readonly c: Context<RelayEnv>;
  /** What the token says; a new session when the request bore none. */
  readonly session: SessionToken;
  readonly body: Body;
  readonly query: Query;
  /** The key of limits per address; undefined where the runtime does not tell who connects. */
  readonly address: string | undefined;
}

/** The methods that an endpoint can have; HEAD and OPTIONS are answered by the router. */
export type Method = 'GET' | 'POST' | 'DELETE';
/** The endpoints of one path. */
export type Endpoints = Partial<Record<Method, Endpoint>>;
