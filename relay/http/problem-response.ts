import type { Context } from 'hono';
import { createProblem, type Problem } from '#shared/problem.ts';
import type { Logger } from '../util/logger.ts';
import { RelayError } from '../util/relay-error.ts';
import type { StoreHealth } from '../store/store-health.ts';
import { StoreError } from '../store/store-error.ts';

/** What a client should wait before it asks a store again that could not be reached. */
const STORE_RETRY_MS = 2000;

/** The one place where something thrown becomes an answer. Internals stay in the log. */
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

export function problemResponse(c: Context, problem: Problem): Response {
  if (problem.status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (problem.status === 429 || problem.status === 503) {
    c.header('Retry-After', String(Math.max(1, Math.ceil((problem.retryAfterMs ?? 1000) / 1000))));
  }
  return c.body(JSON.stringify(problem), problem.status as 400, PROBLEM_HEADERS);
}

/** Hono's `onError`: answers with the problem, and logs what is the relay's own fault. */
export function createErrorHandler(logger: Logger, health: StoreHealth) {
  return function onError(error: unknown, c: Context): Response {
    health.note(error);
    const problem = toProblem(error);
    if (problem.status >= 500 && problem.code !== 'draining') {
      const fields = { code: problem.code, method: c.req.method, err: error };
      if (problem.code === 'internal') logger.error(fields, 'A request failed');
      else logger.warn(fields, 'A request could not be served');
    }
    return problemResponse(c, problem);
  };
}
