import { describe, expect, it } from 'vitest';
import { chooseCoding, CODINGS, type Coding } from './accept-encoding.ts';

describe('chooseCoding', () => {
  it.each<[header: string | undefined, coding: Coding]>([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate, zstd', 'identity'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0.5, gzip;q=0.50', 'br'],
    ['br;q=0, gzip;q=0.1', 'gzip'],
    ['br;q=0.000', 'identity'],
    ['identity, br;q=0.5', 'identity'],
    ['identity;q=0.5, br;q=0.5', 'br'],
    ['identity;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['*;q=0.5, gzip', 'gzip'],
    ['*, br;q=0', 'gzip'],
    ['*;q=0, gzip', 'gzip'],
    ['gzip ; q=0.2 , br ; q=0.1', 'gzip'],
    // Nothing is acceptable: readable bytes are better than none.
    ['identity;q=0', 'identity'],
    ['*;q=0', 'identity'],
    ['identity;q=0, zstd', 'identity'],
  ])('answers %o with %s', (header, coding) => {
    expect(chooseCoding(header, CODINGS)).toBe(coding);
  });

  it('never chooses a coding that the file does not exist in', () => {
    expect(chooseCoding('br, gzip;q=0.5', ['identity', 'gzip'])).toBe('gzip');
    expect(chooseCoding('br, gzip', ['identity'])).toBe('identity');
    expect(chooseCoding('*, identity;q=0', ['identity'])).toBe('identity');
  });
});
