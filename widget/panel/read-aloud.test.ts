import { describe, expect, it } from 'vitest';
import { readAloud } from './read-aloud.ts';

describe('an answer that is read out', () => {
  it('has the words without the marks', () => {
    const answer =
      '## Title\n\nSome **bold**, *some* `code` and [a link](https://a.b/c_d), 2 * 3 = 6, snake_case.\n\n- one\n  1. two\n- [x] done\n\n' +
      '> quoted\n\n| a | b |\n|---|:-:|\n| 1 | **2** |\n\n---\n\n```js\nlet a = b || c;\n```\n';
    expect(readAloud(answer).split('\n')).toEqual([
      'Title',
      'Some bold, some code and a link, 2 * 3 = 6, snake_case.',
      ...['one', '  1. two', 'done', 'quoted', 'a, b', '1, 2', 'let a = b || c;'],
    ]);
  });

  it('takes linear time in the number of marks', () => {
    for (const piece of ['*', '_', '[', '[a](', '|', ' |', '> ', '- ', '#', '`', '-', ' ', '\n']) {
      const start = performance.now();
      readAloud(piece.repeat(1200));
      expect([piece, performance.now() - start < 200]).toEqual([piece, true]);
    }
  });
});
