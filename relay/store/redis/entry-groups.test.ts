import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../entries/encode-message.ts';
import { decodeGroups, encodeGroups } from './entry-groups.ts';

const delta = (id: string, text: string, type: 'text-delta' | 'reasoning-delta' = 'text-delta') =>
  encodeMessage({ type: 'chunk', runId: 'run', chunk: { type, id, delta: text } });

describe('entries in groups', () => {
  it('are decoded as they were', () => {
    const odd = ['', '\\', '"', '"}}', '\n', '\r\n', '\u2028', '\ud83d', '🎉'].map((text) => delta('1', text));
    for (const entries of [
      [],
      odd,
      ['"a"', ...odd, '{"type":"chunk"}', delta('2', 'b'), delta('2', 'c', 'reasoning-delta'), ...odd],
      // JSON with line breaks: the relay does not write it, but it must be kept.
      [delta('1', 'a'), delta('1', 'x').replace('x', '\n'), '"\n"', delta('1', 'b')],
    ]) {
      expect(decodeGroups(encodeGroups(entries))).toEqual(entries);
    }
  });

  it('hold the common beginning of deltas once', () => {
    const groups = encodeGroups([delta('1', 'a'), delta('1', 'b'), delta('2', 'c'), '"d"']);
    expect(groups.filter((_, index) => index % 3 !== 1)).toEqual(['2', 'a\nb', '1', 'c', '1', '"d"']);
  });

  it('are refused when they are malformed', () => {
    expect(() => decodeGroups(['1', ''])).toThrow(TypeError);
    expect(() => decodeGroups(['3', 'head', 'a\nb'])).toThrow(TypeError);
  });
});
