import { describe, expect, it } from 'vitest';
import { isSessionId, MESSAGE_ID_PATTERN, newId } from './ids.ts';

describe('ids', () => {
  it('are made long enough not to be guessed, and are accepted everywhere', () => {
    const made = Array.from({ length: 1000 }, newId);
    expect(new Set(made).size).toBe(1000);
    for (const id of made) {
      expect(id.length).toBeGreaterThanOrEqual(21);
      expect(isSessionId(id)).toBe(true);
      expect(id).toMatch(MESSAGE_ID_PATTERN);
    }
  });

  it.each([
    ['x'.repeat(15), false],
    ['x'.repeat(16), true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['abcdefghijklmno!', false],
    ['abcdefghijklmnop\n', false],
    ['../../../etc/passwd', false],
    ['{session}:abcdefgh', false],
    ['äääääääääääääääää', false],
  ])('%j as a session id: %s', (text, accepted) => {
    expect(isSessionId(text)).toBe(accepted);
  });

  it.each([
    ['', false],
    ['x', true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['a b', false],
    ['a\n', false],
  ])('%j as a message id: %s', (text, accepted) => {
    expect(MESSAGE_ID_PATTERN.test(text)).toBe(accepted);
  });
});
