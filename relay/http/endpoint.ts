import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { RequestIdVariables } from 'hono/request-id';
import type * as z from 'zod/mini';
import type { SessionToken } from '../auth/session-token.ts';

/** On Node the server hands in the request and the response it made; elsewhere `c.env` holds neither, or is undefined. */
export interface RelayEnv {
  Bindings: Partial<HttpBindings>;
  Variables: RequestIdVariables;
}

/** One method of one route under `/api`, as data: middleware/checks.ts reads it, and `handle` runs when all checks passed. */
export interface Endpoint<Body = unknown, Query = unknown> {
  /**
   * `open`: no token is looked at. `mint`: one is welcome but not needed. `read`: any token. `write`: one that may do
   * more than read.
   */
  access: 'open' | 'mint' | 'read' | 'write';
  /** Of a JSON body; an endpoint without it reads none. */
  body?: z.ZodMiniType<Body>;
  /** Of the query; without it there must be none. */
  query?: z.ZodMiniType<Query>;
  /** Answers with an event stream: refused while draining, and to HEAD. */
  opensStream?: true;
  /**
   * Looks at fields that stand in neither body nor query.
   * @throws RelayError `invalid-request`
   */
  checkFields?(call: Call<Body, Query>): void;
  /** Which session is asked for; without it: the token's own. */
  sessionId?(call: Call<Body, Query>): string;
  /** The text that MAX_PROMPT_BYTES limits. */
  prompt?(call: Call<Body, Query>): string | undefined;
  handle(call: Call<Body, Query>): Response | Promise<Response>;
}

/** A request that passed its checks. */
export interface Call<Body = unknown, Query = unknown> {
  readonly c: Context<RelayEnv>;
  /** What the token says; a fresh session where there was none to show. */
  readonly session: SessionToken;
  readonly body: Body;
  readonly query: Query;
  /** The visitor's address; undefined where the runtime does not tell. */
  readonly address: string | undefined;
}

export type Method = 'GET' | 'POST' | 'DELETE';
export type Endpoints = Partial<Record<Method, Endpoint>>;
