import type { Context } from 'hono';
import { BUSY_RETRY_MS } from '../http/checks.ts';
import { RelayError } from '../util/relay-error.ts';
import type { StoreHealth } from '../store/store-health.ts';

/** `/healthz`: the process is up. */
export function healthProbe(c: Context): Response {
  return c.json({ status: 'ok' });
}

/** `/readyz`: the store answers, and the relay does not drain. */
export function readyProbe({ health, isDraining }: { health: StoreHealth; isDraining(): boolean }) {
  return async function ready(c: Context): Promise<Response> {
    if (isDraining()) throw new RelayError('draining', { retryAfterMs: BUSY_RETRY_MS });
    try {
      await health.check();
    } catch (error) {
      health.note(error);
      throw error;
    }
    return c.json({ status: 'ready' });
  };
}
