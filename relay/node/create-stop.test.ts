import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStop, type StopOptions } from './create-stop.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DRAIN_MS = 600;
const never = () => new Promise<void>(() => {});
const atOnce = async () => {};

/** Stops, and answers with which code and after how many ms the process was ended. */
async function stopWith(options: Partial<StopOptions>) {
  const exits: { code: number; afterMs: number }[] = [];
  const logged: string[] = [];
  const note = (_: object, message: string) => void logged.push(message);
  const startedAt = Date.now();
  const stop = createStop({
    relay: { drain: atOnce },
    server: { closeIdleConnections() {} },
    store: { close: atOnce },
    drainMs: DRAIN_MS,
    logger: { debug: note, info: note, warn: note, error: note },
    exit: (code) => void exits.push({ code, afterMs: Date.now() - startedAt }),
    ...options,
  });
  const stopped = Promise.all([stop(), stop()]);
  await vi.advanceTimersByTimeAsync(10_000);
  await stopped;
  return { exits, logged };
}

it('ends once, with 0, when everything was drained and closed', async () => {
  const { exits, logged } = await stopWith({});
  expect(exits).toEqual([{ code: 0, afterMs: 200 }]);
  expect(logged.at(-1)).toBe('Stopped');
});

it('waits no longer than DRAIN_MS and a second for a relay and a store that never end', async () => {
  const { exits, logged } = await stopWith({ relay: { drain: never }, store: { close: never } });
  expect(exits).toHaveLength(1);
  expect(exits[0]?.code).toBe(1);
  expect(exits[0]?.afterMs).toBeGreaterThanOrEqual(DRAIN_MS);
  expect(exits[0]?.afterMs).toBeLessThanOrEqual(DRAIN_MS + 1000);
  expect(logged.join()).toContain('DRAIN_MS is over');
});

it('closes the store after a drain that took too long, and ends with 0', async () => {
  const close = vi.fn<() => Promise<void>>(atOnce);
  const { exits } = await stopWith({ relay: { drain: never }, store: { close } });
  expect(close).toHaveBeenCalledOnce();
  expect(exits).toMatchObject([{ code: 0 }]);
});

it('ends with 1 when the store cannot be closed', async () => {
  const close = async () => {
    throw new Error('disk I/O error');
  };
  const { exits, logged } = await stopWith({ store: { close } });
  expect(exits).toMatchObject([{ code: 1 }]);
  expect(logged.at(-1)).toContain('could not be closed');
});
