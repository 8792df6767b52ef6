import type { Context } from 'hono';
import { routePath } from 'hono/route';
import type { StoreHealth } from '../store/store-health.ts';
import type { Logger } from '../util/logger.ts';
import type { RelayEnv } from './endpoint.ts';
import { problemResponse, toProblem } from './problem-response.ts';
import { createRefusedOrigins } from './refused-origins.ts';

/**
 * Creates hono's `onError`, the one place where something thrown becomes an answer and a log line: failures of the relay
 * as errors, a store that is away as a warning, refusals at debug. The fields of a line are the request's id, the code,
 * the method and the route; nothing that the visitor sent is logged.
 */
export function createErrorHandler(logger: Logger, health: StoreHealth) {
  const refusedOrigins = createRefusedOrigins(logger);

  return function onError(error: unknown, c: Context<RelayEnv>): Response {
    health.note(error);
    const problem = toProblem(error);
    const { code, status } = problem;
    const fields = { requestId: c.get('requestId'), code, method: c.req.method, route: routePath(c, -1) };
    if (code === 'internal') logger.error({ ...fields, err: error }, 'A request failed');
    else if (status >= 500 && code !== 'draining')
      logger.warn({ ...fields, err: error }, 'A request could not be served');
    else logger.debug(fields, 'A request was refused');
    if (code === 'origin-not-allowed') refusedOrigins.note(c.req.header('origin'));
    return problemResponse(c, problem);
  };
}
