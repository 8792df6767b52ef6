import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseRetryAfter } from './retry-after.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

it.each([
  ['0', 0],
  ['3', 3000],
  [' 3 ', 3000],
  ['1.5', 1500],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
  ['soon', undefined],
  ['-3', undefined],
  ['', undefined],
  ['9'.repeat(400), undefined],
])('Retry-After: %o is %o ms', (header, ms) => {
  expect(parseRetryAfter(header)).toBe(ms);
});
