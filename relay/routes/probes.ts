import type { Context } from 'hono';
import { RelayError } from '../util/relay-error.ts';
import type { StoreHealth } from '../store/store-health.ts';

/** The process is up. */
export function healthProbe(c: Context): Response {
  return c.json({ status: 'ok' });
}

/** The relay can serve: the store answers, and no stop is planned. */
export function readyProbe({ health, isDraining }: { health: StoreHealth; isDraining(): boolean }) {
  return async function ready(c: Context): Promise<Response> {
    if (isDraining()) throw new RelayError('draining', { retryAfterMs: 1000 });
    try {
      await health.check();
    } catch (error) {
      health.note(error);
      throw error;
    }
    return c.json({ status: 'ready' });
  };
}
