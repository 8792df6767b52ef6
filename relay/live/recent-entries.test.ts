import { expect, it } from 'vitest';
import { createRecentEntries } from './recent-entries.ts';

const entry = (seq: number) => ({ id: `1-${seq}`, data: `${seq}` });

it('returns the entries after a cursor that it reaches back to, otherwise null', () => {
  const recent = createRecentEntries(4);
  for (let seq = 3; seq < 7; seq += 1) recent.push(entry(seq));
  expect(recent.after('1-2')?.map(({ id }) => id)).toEqual(['1-3', '1-4', '1-5', '1-6']);
  expect(recent.after('1-5')?.map(({ id }) => id)).toEqual(['1-6']);
  expect(recent.after('1-6')).toEqual([]);
  expect(recent.after('1-1')).toBeNull();
});

it('keeps only the latest entries, at most twice its bound', () => {
  const recent = createRecentEntries(4);
  for (let seq = 1; seq <= 100; seq += 1) {
    recent.push(entry(seq));
    const kept = Array.from({ length: seq }, (_, i) => recent.after(`1-${i}`)?.length ?? 0);
    expect(Math.max(...kept)).toBeLessThanOrEqual(8);
    expect(Math.max(...kept)).toBeGreaterThanOrEqual(Math.min(seq, 4));
  }
});
