import { describe, expect, it } from 'vitest';
import { completeInline, holdBack } from './complete.ts';
import { createParser } from './parser.ts';

const parser = createParser();
const complete = (content: string): string => completeInline(content, parser, { references: {} });

describe('half-written inline text', () => {
  const cases: [half: string, whole: string][] = [
    ['**bo', '**bo**'],
    ['**bold*', '**bold**'],
    ['a **', 'a'],
    ['**bold *it', '**bold *it***'],
    ['~~gone', '~~gone~~'],
    ['`co', '`co`'],
    ['**use ``co`', '**use ``co``**'],
    ['`', ''],
    ['see [the do', 'see [the do]()'],
    ['see [the docs]', 'see [the docs]()'],
    ['see [the docs](https://exa', 'see [the docs]()'],
    ['see [**the', 'see [**the**]()'],
    ['**see [the', '**see [the]()**'],
    ['see [', 'see'],
    ['![alt](https://exa', '![alt]()'],
    ['list[0', 'list[0'],
    ['said[^1', 'said[^1'],
    ['\\(a * b', '\\(a * b\\)'],
    ['a_b and 2 * 3', 'a_b and 2 * 3'],
    ['whole *text* with [a](b) `c`', 'whole *text* with [a](b) `c`'],
  ];
  for (const [half, whole] of cases) {
    it(`${half} is read as ${whole || 'nothing'}`, () => {
      expect(complete(half)).toBe(whole);
    });
  }

  it('is text when its mark was opened long before', () => {
    const text = `a \`b [c ${'word '.repeat(200)}end`;
    expect(complete(text)).toBe(text);
  });
});

describe('the end of a source', () => {
  it('is held back while it may become something else than text', () => {
    for (const end of [
      '-',
      '1',
      '1.',
      '- ',
      '- [',
      '- [ ] ',
      '[name',
      '#',
      '## ',
      '***',
      '==',
      '`',
      '``',
      '```',
      '|',
      '| a | b',
      '$$',
      '[id]: http',
      '> -',
    ]) {
      expect(holdBack(`text\n${end}`, false)).toBe('text\n');
    }
  });

  it('is shown when it is text', () => {
    for (const end of ['word', '- item', '1. item', '# Title', '**bold', '> quote', '5 apples', '[^1]: note']) {
      expect(holdBack(`text\n${end}`, false)).toBe(`text\n${end}`);
    }
  });

  it('a half fence is a block of code, without half of its language', () => {
    expect(holdBack('text\n```javasc', false)).toBe('text\n```');
    expect(holdBack('- ```javasc', false)).toBe('- ```');
  });

  it('a table begins with its second line', () => {
    expect(holdBack('text\n\n| a | b |\n', false)).toBe('text\n\n');
    expect(holdBack('text\n\n| a | b |\n|--', false)).toBe('text\n\n');
    expect(holdBack('| a |\n|---|\n| 1', false)).toBe('| a |\n|---|\n');
    expect(holdBack('| a |\n|---|\n', false)).toBe('| a |\n|---|\n');
  });

  it('in code only the closing mark is held back', () => {
    expect(holdBack('```\n- ', true)).toBe('```\n- ');
    expect(holdBack('```\na\n``', true)).toBe('```\na\n');
  });
});
