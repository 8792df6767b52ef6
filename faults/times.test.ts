import { expect, it } from 'vitest';
import { addTimes, describeTimes, readTimes } from './harness/times.ts';

it('puts the times of several runs together, to two digits, and keeps the longest to the ms', () => {
  const first = readTimes([1, 2, 3, 1_234]);
  const second = readTimes([2, 2, 20_517]);
  expect(first.bins).toEqual({ 1: 1, 2: 1, 3: 1, 1200: 1 });
  expect(describeTimes(addTimes(first, second))).toBe('p50 2, p99 21000, max 20517 ms');
  expect(describeTimes(addTimes(undefined, readTimes([7])))).toBe('p50 7, p99 7, max 7 ms');
});
