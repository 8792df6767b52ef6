import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLazyModule, keepLoading } from './lazy-module.ts';

/** An import that fails so many times; `asked` has the number of failures each attempt was told. */
function importFailing(times: number): { asked: number[]; importModule(failures: number): Promise<string> } {
  const asked: number[] = [];
  return {
    asked,
    importModule(failures) {
      asked.push(failures);
      return asked.length <= times ? Promise.reject(new TypeError('blocked')) : Promise.resolve('module');
    },
  };
}

describe('a lazy module', () => {
  let logged: unknown[][];
  beforeEach(() => {
    vi.useFakeTimers();
    logged = [];
    vi.spyOn(console, 'error').mockImplementation((...words) => void logged.push(words));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('is imported once, however many ask for it', async () => {
    const { asked, importModule } = importFailing(0);
    const module = createLazyModule(importModule);
    expect(module.current).toBeNull();
    expect(await Promise.all([module.load(), module.load()])).toEqual(['module', 'module']);
    await module.load();
    expect(module.current).toBe('module');
    expect(asked).toEqual([0]);
  });

  it('tells each attempt how many failed before it, so that it can ask by another address', async () => {
    const { asked, importModule } = importFailing(3);
    const loaded = keepLoading(createLazyModule(importModule));
    await vi.advanceTimersByTimeAsync(7_000);
    expect(await loaded).toBe('module');
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  it('sends one request a pause, however often it is asked for', async () => {
    const { asked, importModule } = importFailing(Infinity);
    const module = createLazyModule(importModule);
    for (let draw = 0; draw < 20 * 60 * 5; draw += 1) {
      module.load().catch(() => undefined);
      await vi.advanceTimersByTimeAsync(50);
    }
    // After 0, 1, 3, 7, 15, 31, 63 s, and then once a minute: in five minutes.
    expect(asked).toHaveLength(10);
  });

  it('logs the first failure and no other', async () => {
    const { importModule } = importFailing(3);
    const loaded = keepLoading(createLazyModule(importModule));
    await vi.advanceTimersByTimeAsync(7_000);
    await loaded;
    expect(logged).toHaveLength(1);
  });

  it('rejects the attempt that failed', async () => {
    const { importModule } = importFailing(1);
    const module = createLazyModule(importModule);
    await expect(module.load()).rejects.toThrow('blocked');
    const next = module.load();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await next).toBe('module');
  });
});
