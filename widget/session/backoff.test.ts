import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoffMs, createPause } from './backoff.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the wait before another try', () => {
  const boundOf = (failures: number): number => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    return backoffMs(failures);
  };

  it('has a bound that grows to 2 s, rests there for eight tries, and doubles on to 15 s', () => {
    expect([0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 1_000].map(boundOf)).toEqual([
      300, 600, 1_200, 2_000, 2_000, 2_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
    ]);
  });

  it('never leaves a relay that is back within ten seconds waiting for more than two', () => {
    // As they come one after another: half of each bound, on average.
    let elapsed = 0;
    for (let failures = 1; elapsed < 8_000; failures++) {
      expect(boundOf(failures)).toBeLessThanOrEqual(2_000);
      elapsed += boundOf(failures) / 2;
    }
  });

  it('asks a relay that stays away no more than eight times a minute', () => {
    expect(60_000 / (boundOf(20) / 2)).toBeLessThanOrEqual(8);
  });

  it('is drawn from the whole range below the bound, so that viewers do not come back together', () => {
    const random = vi.spyOn(Math, 'random');
    random.mockReturnValue(0);
    expect(backoffMs(30)).toBe(0);
    random.mockReturnValue(0.5);
    expect(backoffMs(30)).toBe(7_500);
  });
});

describe('a pause', () => {
  const { signal } = new AbortController();

  async function isOverAfter(ms: number, over: () => boolean): Promise<boolean> {
    await vi.advanceTimersByTimeAsync(ms);
    return over();
  }
  function begin(
    atLeastMs: number,
    upToMs: number,
    until = signal,
  ): { pause: ReturnType<typeof createPause>; over: () => boolean } {
    const pause = createPause();
    let isOver = false;
    void pause.wait({ atLeastMs, upToMs }, until).then(() => (isOver = true));
    return { pause, over: () => isOver };
  }

  it('lasts for both its parts', async () => {
    const { over } = begin(1_000, 500);
    expect(await isOverAfter(1_499, over)).toBe(false);
    expect(await isOverAfter(1, over)).toBe(true);
  });

  it('is ended by waking, but not before what the relay asked for', async () => {
    const { pause, over } = begin(1_000, 15_000);
    await vi.advanceTimersByTimeAsync(400);
    pause.wake();
    expect(await isOverAfter(599, over)).toBe(false);
    expect(await isOverAfter(1, over)).toBe(true);

    const other = begin(0, 15_000);
    other.pause.wake();
    expect(await isOverAfter(0, other.over)).toBe(true);
  });

  it('is no longer when it is woken after the clock was set back', async () => {
    const { pause, over } = begin(1_000, 15_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    pause.wake();
    expect(await isOverAfter(1_000, over)).toBe(true);
  });

  it('is over at once when it is given up, and leaves no timer', async () => {
    const controller = new AbortController();
    const { over } = begin(1_000, 1_000, controller.signal);
    controller.abort();
    expect(await isOverAfter(0, over)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(await isOverAfter(0, begin(1_000, 0, controller.signal).over)).toBe(true);
  });

  it('is never longer than ten minutes and a backoff, whatever the relay asked for', async () => {
    const { over } = begin(86_400_000, 0);
    expect(await isOverAfter(600_000, over)).toBe(true);
  });
});
