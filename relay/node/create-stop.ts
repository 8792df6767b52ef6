import type { Server } from 'node:http';
import type { Relay } from '../app.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';

/** The parts to stop, and the time limit. */
export interface StopOptions {
  relay: Pick<Relay, 'drain'>;
  server: Pick<Server, 'closeIdleConnections'>;
  store: Pick<SessionStore, 'close'>;
  /** What `relay.drain` was given, in ms. The stop ends within this time and a second. */
  drainMs: number;
  logger: Logger;
  /** Ends the process: 0 after a planned stop, 1 when the store could not be closed. */
  exit(code: number): void;
}

/** How long the last answers may take to be sent, in ms. */
const FLUSH_MS = 200;
/** How long the store may take to close beyond `drainMs` and FLUSH_MS, in ms. What was acknowledged is durable before. */
const CLOSE_MS = 500;

/**
 * Creates the planned stop of a process: drains the relay, sends what was answered last, closes the store and exits. The
 * port stays open meanwhile, so that requests are told that the relay drains. Each phase is bounded: a store that does
 * not answer holds up none of them. Idempotent.
 */
export function createStop({ relay, server, store, drainMs, logger, exit }: StopOptions): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  return () => (stopping ??= stop());

  async function stop(): Promise<void> {
    const closeBy = performance.now() + drainMs + FLUSH_MS + CLOSE_MS;
    logger.info({ drainMs }, 'Draining: new prompts and streams are refused, and runs may end or are handed over');
    if (!(await endsWithin(relay.drain(), drainMs + FLUSH_MS))) {
      logger.warn({ drainMs }, 'DRAIN_MS is over: runs that were not handed over are taken over when their leases end');
    } else {
      server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
    }
    try {
      const closeMs = closeBy - performance.now();
      if (!(await endsWithin(store.close(), closeMs))) throw new Error(`it did not close within ${closeMs} ms`);
      logger.info({}, 'Stopped');
      exit(0);
    } catch (error) {
      logger.error({ err: error }, 'Stopped, but the store could not be closed');
      exit(1);
    }
  }
}

/** False when the time is over first. Rejects as the promise does. */
async function endsWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
