import type { Context } from 'hono';
import { createProblem, type Problem } from '#shared/problem.ts';
import { StoreError } from '../store/store-error.ts';
import { RelayError } from '../util/relay-error.ts';

/** How long a client should wait before it asks again after the store could not be reached, in ms. */
const STORE_RETRY_MS = 2000;
/** How long a client should wait where the problem does not say, in ms. */
const DEFAULT_RETRY_MS = 1000;

/** The problem that answers an error. Only the text of a RelayError reaches the client; internals stay in the log. */
export function toProblem(error: unknown): Problem {
  if (error instanceof RelayError) return error.problem;
  if (error instanceof StoreError) {
    return createProblem(error.code, error.code === 'store-unavailable' ? { retryAfterMs: STORE_RETRY_MS } : {});
  }
  return createProblem('internal');
}

/** The headers of every answer that is a problem. */
export const PROBLEM_HEADERS = {
  'Content-Type': 'application/problem+json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** Answers with a problem, and with the headers that its status asks for. */
export function problemResponse(c: Context, problem: Problem): Response {
  if (problem.status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (problem.status === 429 || problem.status === 503) {
    c.header('Retry-After', String(Math.max(1, Math.ceil((problem.retryAfterMs ?? DEFAULT_RETRY_MS) / 1000))));
  }
  return c.body(JSON.stringify(problem), problem.status as 400, PROBLEM_HEADERS);
}
