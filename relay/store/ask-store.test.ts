import { expect, onTestFinished, test, vi } from 'vitest';
import { StoreError } from '../store/store-error.ts';
import { askStore } from './ask-store.ts';

const HOUR_MS = 3_600_000;

test.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('gives up when time has passed, and not when the clock is set %s', async (_, jumpMs) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  const ask = async (): Promise<string> => {
    asked += 1;
    vi.setSystemTime(Date.now() + jumpMs);
    if (asked < 3) throw new StoreError('store-unavailable', 'away');
    return 'here again';
  };
  const { signal } = new AbortController();
  expect(await askStore(ask, { signal, giveUpMs: 60_000 })).toBe('here again');
  const away = async () => Promise.reject(new StoreError('store-unavailable', 'away'));
  await expect(askStore(away, { signal, giveUpMs: 0 })).rejects.toThrow('away');
});
