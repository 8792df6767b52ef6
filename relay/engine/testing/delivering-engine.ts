import { Hono } from 'hono';
import * as z from 'zod';
import { createDuePoller } from '../due-poller.ts';
import type { Engine, EngineParts } from '../engine.ts';
import { createExecutions } from '../executions.ts';
import { createCourier, type Courier } from './courier.ts';
import type { OpenEngine } from './engine-harness.ts';

const PATH = '/engine/deliveries';

const deliverySchema = z.strictObject({ sessionId: z.string(), runId: z.string() });

/**
 * An engine whose runs are executed where a queue delivers them to: a dispatch is a message to the queue, a delivery is a
 * request that executes the run before it is answered. Shows that the port fits such an engine; a real one verifies who
 * delivers.
 */
function createDeliveringEngine(parts: EngineParts, courier: Courier): Engine {
  const { store, leaseMs, pollMs, logger } = parts;
  const executions = createExecutions(parts);
  const routes = new Hono();

  routes.post(PATH, async (c) => {
    // Delivered again, to a process that does not stop.
    if (executions.isDraining) return c.text('draining', 503);
    const { sessionId, runId } = deliverySchema.parse(await c.req.json());
    const answer = await executions.execute(sessionId, { runId });
    // The same delivery again, not one more: another execution dispatches what becomes of the run.
    if (answer.kind === 'owned') return c.json(answer, 503);
    if ('retryAfterMs' in answer) await dispatch(sessionId, runId, answer.retryAfterMs);
    return c.json(answer);
  });

  // The process stops, or the store is away: delivered again.
  routes.onError((error, c) => {
    logger.warn({ err: error }, 'A delivery could not be executed: it is made again');
    return c.text('not now', 503);
  });

  async function dispatch(sessionId: string, runId: string, afterMs = 0): Promise<void> {
    courier.send({ sessionId, runId }, afterMs);
  }

  /** Dispatches what is due and was never delivered. */
  const poller = createDuePoller({
    store,
    leaseMs,
    pollMs,
    logger,
    room: () => Infinity,
    refusing: () => 0,
    begin(sessionId) {
      dispatchDue(sessionId).catch((error: unknown) => {
        logger.warn({ err: error }, 'A due run could not be dispatched: it is polled for again');
      });
      return true;
    },
  });

  async function dispatchDue(sessionId: string): Promise<void> {
    const head = await store.head(sessionId);
    if (head.kind === 'open' && head.run) await dispatch(sessionId, head.run.runId);
  }

  return {
    start: () => poller.poll(),
    dispatch,
    get activeRuns() {
      return executions.size;
    },
    drain(graceMs) {
      poller.stop();
      return executions.drain(graceMs);
    },
    routes,
  };
}

/** Every other dispatch is delivered twice; each is late and out of order, to whichever engine is next. */
export const openEngine: OpenEngine = () => {
  const courier = createCourier({ path: PATH, copies: [1, 2], lateMs: 40, retryMs: 50, retries: 200 });
  return {
    create: (parts) => createDeliveringEngine(parts, courier),
    mount: (routes) => courier.add(routes),
    close: () => courier.close(),
  };
};
