import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeadline } from './deadline.ts';

describe('a deadline', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('calls back once when its time is over', () => {
    const onLate = vi.fn<() => void>();
    createDeadline(onLate).begin(100);
    vi.advanceTimersByTime(99);
    expect(onLate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(onLate).toHaveBeenCalledOnce();
  });

  it('counts from its last start, whether the new time is shorter or longer', () => {
    for (const [first, second] of [
      [100, 30],
      [30, 100],
      [100, 100],
    ] as const) {
      const onLate = vi.fn<() => void>();
      const deadline = createDeadline(onLate);
      deadline.begin(first);
      vi.advanceTimersByTime(20);
      deadline.begin(second);
      vi.advanceTimersByTime(second - 1);
      expect(onLate).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(onLate).toHaveBeenCalledOnce();
    }
  });

  it('never calls back when it is stopped in time, and sets no timer for each start', () => {
    const onLate = vi.fn<() => void>();
    const deadline = createDeadline(onLate);
    const set = vi.spyOn(globalThis, 'setTimeout');
    for (let round = 0; round < 1000; round += 1) {
      deadline.begin(100);
      vi.advanceTimersByTime(1);
      deadline.end();
    }
    vi.advanceTimersByTime(1000);
    expect(onLate).not.toHaveBeenCalled();
    expect(set.mock.calls.length).toBeLessThan(20);
  });

  it('leaves no timer behind when it is stopped for good', () => {
    const deadline = createDeadline(() => undefined);
    deadline.begin(100);
    deadline.stop();
    expect(vi.getTimerCount()).toBe(0);
    deadline.begin(100);
    expect(vi.getTimerCount()).toBe(1);
  });
});
