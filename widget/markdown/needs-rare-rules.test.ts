import { describe, expect, it } from 'vitest';
import { needsRareRules } from './needs-rare-rules.ts';

// That no text is taken for an ordinary one that is none is held by scripts/vite/lean-markdown.test.ts.
describe('what needs the rarer rules', () => {
  it('is no ordinary answer', () => {
    for (const text of [
      '## Title\n\nSome **bold**, *some* `code` and [a link](https://example.com/a_b?c=1&d=2#e).\n\n- one\n  1. two\n',
      '```ts\nif (a || b) return c && d;\n```\n\nIt costs $5 to $10 @ home.\n\n---\n\n- [x] done\n',
    ]) {
      expect(needsRareRules(text, true)).toBe(false);
      for (let end = 0; end < text.length; end += 1)
        expect([text.slice(0, end), needsRareRules(text.slice(0, end), false)]).toEqual([text.slice(0, end), false]);
    }
  });

  it('is a table, a quote, a formula, an address, an image, a note, a name of a character', () => {
    for (const text of [
      'a | b\n--|--',
      '> a',
      '- > a',
      '$x$',
      '\\(x\\)',
      'https://a.b',
      'a@b.c',
      '![a](b)',
      '[a]: b',
      '[^1]: b',
      '&amp;',
      '~~a~~',
      '<https://a.b>',
    ]) {
      expect([text, needsRareRules(text, true)]).toEqual([text, true]);
    }
  });

  it('is told in time that grows with the text and no faster, whatever it is', () => {
    for (const piece of [
      'a|',
      '|',
      '[',
      '[a](',
      '[a](https://b',
      '<',
      '&',
      '- ',
      '>-',
      '\\',
      '$1',
      'a.',
      ' \t',
      '`',
      '!',
      ']',
      '-\n',
      '1. ',
    ]) {
      const text = piece.repeat(200_000 / piece.length);
      const start = performance.now();
      needsRareRules(text, false);
      expect([piece, performance.now() - start < 500]).toEqual([piece, true]);
    }
  });
});
