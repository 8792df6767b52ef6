import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compareCursors, follows, formatCursor, parseCursor, START } from './cursor.ts';

// Generated cases take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const part = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER));
const cursor = fc.tuple(part, part).map(([fence, seq]) => formatCursor(fence, seq));

describe('parseCursor', () => {
  it('reads what formatCursor writes', () => {
    fc.assert(
      fc.property(part, part, (fence, seq) => {
        expect(parseCursor(formatCursor(fence, seq))).toEqual({ fence, seq });
      }),
    );
  });

  it.each([
    '',
    '-',
    '1',
    '1-',
    '-1',
    '01-1',
    '1-01',
    '1-1-1',
    ' 1-1',
    '1-1\n',
    '1.0-1',
    '1e3-1',
    '+1-1',
    '--1',
    'a-b',
    '١-١',
    '9007199254740992-0',
    '0-9007199254740992',
    '99999999999999999-0',
    '$',
  ])('takes %j for no cursor', (text) => {
    expect(parseCursor(text)).toBeNull();
  });

  it('takes no text for a cursor that it would write otherwise', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789- '.split('')), maxLength: 20 }), (text) => {
        const parts = parseCursor(text);
        expect(parts && formatCursor(parts.fence, parts.seq)).toBe(parts && text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('compareCursors', () => {
  it.each([
    ['5-9', '5-10'],
    ['9-0', '10-0'],
    ['5-10', '6-0'],
    [START, '0-1'],
    [START, '1-0'],
  ])('puts %s before %s', (a, b) => {
    expect(compareCursors(a, b)).toBeLessThan(0);
    expect(compareCursors(b, a)).toBeGreaterThan(0);
    expect(compareCursors(a, a)).toBe(0);
  });

  it('orders them all, as numbers', () => {
    fc.assert(
      fc.property(cursor, cursor, (a, b) => {
        const [x, y] = [parseCursor(a), parseCursor(b)];
        const before = !!x && !!y && (x.fence < y.fence || (x.fence === y.fence && x.seq < y.seq));
        expect(compareCursors(a, b) < 0).toBe(before);
        expect(compareCursors(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it('refuses what is no cursor', () => {
    expect(() => compareCursors('soon', START)).toThrow(TypeError);
  });
});

describe('follows', () => {
  it.each([
    ['the next seq of its fence', '5-3', { id: '5-4' }, true],
    ['a seq after a gap', '5-3', { id: '5-5' }, false],
    ['the same entry', '5-3', { id: '5-3' }, false],
    ['an earlier entry', '5-3', { id: '5-2' }, false],
    ['the same seq under another fence', '5-3', { id: '6-4' }, false],
    ['a new fence that names the cursor', '5-3', { id: '9-0', prev: '5-3' }, true],
    ['a new fence that names another cursor', '5-3', { id: '9-0', prev: '5-2' }, false],
    ['a new fence that names none', '5-3', { id: '9-0' }, false],
    ['an earlier fence that names the cursor, as after a lost tail', '5-3', { id: '4-0', prev: '5-3' }, true],
    ['the very first entry', START, { id: '9-0', prev: START }, true],
    ['a merged frame from the next seq', '5-3', { id: '5-9', from: '5-4' }, true],
    ['a merged frame from an earlier seq', '5-3', { id: '5-9', from: '5-3' }, false],
    ['a merged frame from a later seq', '5-3', { id: '5-9', from: '5-5' }, false],
    [
      'a later entry that names the cursor without being the first of its fence',
      '5-3',
      { id: '9-1', prev: '5-3' },
      false,
    ],
  ])('%s', (_, at, frame, expected) => {
    expect(follows(at, frame)).toBe(expected);
  });
});
