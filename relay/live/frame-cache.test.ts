import { expect, it } from 'vitest';
import { createFrameCache } from './frame-cache.ts';

it('keeps frames of all sessions up to one bound', () => {
  const cache = createFrameCache(100);
  const frames = { text: 'x'.repeat(40), last: '1-9' };
  for (const session of ['a', 'b', 'c']) cache.keep(session, '1-0', frames);
  expect(['a', 'b', 'c'].map((session) => cache.get(session, '1-0')?.text.length)).toEqual([40, 40, undefined]);
});

it('frees the room of dropped sessions, and counts frames once', () => {
  const cache = createFrameCache(100);
  const frames = { text: 'x'.repeat(40), last: '1-9' };
  for (let i = 0; i < 5; i += 1) cache.keep('a', '1-0', frames);
  cache.keep('a', '1-9', frames);
  cache.drop('a');
  expect(cache.has('a')).toBe(false);
  for (const after of ['1-0', '1-9', '1-18']) cache.keep('b', after, frames);
  expect(['1-0', '1-9', '1-18'].map((after) => cache.get('b', after) !== undefined)).toEqual([true, true, false]);
});
