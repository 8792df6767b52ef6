import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoffMs } from './backoff.ts';
import { orAborted } from './or-aborted.ts';
import { sleep } from './sleep.ts';

const reason = new Error('stopped');

describe('sleep', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('resolves after its time', async () => {
    const resolved = vi.fn<() => void>();
    void sleep(100, new AbortController().signal).then(resolved);
    await vi.advanceTimersByTimeAsync(99);
    expect(resolved).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(resolved).toHaveBeenCalledOnce();
  });

  it('rejects with the reason as soon as its signal aborts, and leaves no timer behind', async () => {
    const abort = new AbortController();
    const asleep = sleep(100, abort.signal);
    abort.abort(reason);
    await expect(asleep).rejects.toBe(reason);
    await expect(sleep(100, abort.signal)).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('orAborted', () => {
  it('settles as the promise does', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(orAborted(Promise.reject(reason), signal)).rejects.toBe(reason);
  });

  it('rejects with the reason when the signal aborts first, and handles a later rejection', async () => {
    const late = Promise.withResolvers<void>();
    const abort = new AbortController();
    const waiting = orAborted(late.promise, abort.signal);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    // An unhandled rejection would fail the test run.
    late.reject(new Error('too late'));
    await expect(orAborted(Promise.resolve(1), abort.signal)).rejects.toBe(reason);
  });
});

describe('backoffMs', () => {
  it('doubles up to its longest delay, less up to a quarter', () => {
    for (const [failures, full] of [
      [0, 50],
      [1, 100],
      [4, 800],
      [5, 1000],
      [2000, 1000],
    ] as const) {
      const delays = Array.from({ length: 100 }, () => backoffMs(failures, 50, 1000));
      expect(Math.max(...delays)).toBeLessThanOrEqual(full);
      expect(Math.min(...delays)).toBeGreaterThan(full * 0.75 - 0.001);
      expect(new Set(delays).size).toBeGreaterThan(50);
    }
  });
});
