import type { Hono } from 'hono';

/** What an engine asks to be delivered to its routes. */
export interface Delivery {
  sessionId: string;
  runId: string;
}

export interface CourierOptions {
  /** The path of the engine's route. */
  path: string;
  /** How often each delivery is made, by turns: `[1, 2]` makes every other one twice. */
  copies: readonly number[];
  /** Each copy is late by a random time up to this, in ms: deliveries overtake each other. */
  lateMs: number;
  /** Pause before a delivery that was refused is made again, in ms. */
  retryMs: number;
  /** Times a refused delivery is made again; after that it is lost. */
  retries: number;
}

/** A queue that delivers over HTTP, at least once, late and in any order, to whichever destination is next. */
export interface Courier {
  send(delivery: Delivery, afterMs: number): void;
  /** Adds a destination, as another server behind a load balancer. */
  add(app: Hono): void;
  /** Delivers no more; resolves once no delivery is under way. */
  close(): Promise<void>;
}

export function createCourier({ path, copies, lateMs, retryMs, retries }: CourierOptions): Courier {
  const destinations: Hono[] = [];
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const underWay = new Set<Promise<void>>();
  let turn = 0;
  let sent = 0;
  let closed = false;

  function schedule(delivery: Delivery, ms: number, retriesLeft: number): void {
    if (closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      const made = deliver(delivery, retriesLeft).finally(() => underWay.delete(made));
      underWay.add(made);
    }, ms);
    timers.add(timer);
  }

  async function deliver(delivery: Delivery, retriesLeft: number): Promise<void> {
    const destination = destinations[(turn += 1) % destinations.length];
    const body = JSON.stringify(delivery);
    const response = await destination?.request(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    if (!response?.ok && retriesLeft > 0) schedule(delivery, retryMs, retriesLeft - 1);
  }

  return {
    send(delivery, afterMs) {
      const times = copies[sent % copies.length] ?? 1;
      sent += 1;
      for (let copy = 0; copy < times; copy += 1) schedule(delivery, afterMs + Math.random() * lateMs, retries);
    },
    add: (app) => void destinations.push(app),
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}
