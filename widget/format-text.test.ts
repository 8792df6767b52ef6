import { describe, expect, it } from 'vitest';
import { count, duration, fill } from './format-text.ts';
import { en } from './locales/en.ts';

describe('a text with values', () => {
  it('has them in the places of their names', () => {
    expect(fill('Used {tool} in {time}', { tool: 'search', time: 3 })).toBe('Used search in 3');
  });

  it('keeps a name that has no value', () => {
    expect(fill('Used {tool}', {})).toBe('Used {tool}');
  });
});

describe('a text that counts', () => {
  const polish = { one: '{n} odpowiedź', few: '{n} odpowiedzi', many: '{n} odpowiedzi nowych', other: '{n} odp.' };

  it('has the plural form of its language', () => {
    expect([1, 3, 7, 22].map((n) => count(polish, n, 'pl'))).toEqual([
      '1 odpowiedź',
      '3 odpowiedzi',
      '7 odpowiedzi nowych',
      '22 odpowiedzi',
    ]);
  });

  it('takes the general form where a category has none, and one text for every number', () => {
    expect(count({ other: '{n} answers' }, 1, 'en')).toBe('1 answers');
    expect(count('{n} answers', 1, 'en')).toBe('1 answers');
  });

  it('is there for a language that is no tag', () => {
    expect(count(polish, 1, 'not a tag')).toBe('1 odpowiedź');
  });
});

describe('a waiting time', () => {
  it('is told in seconds below two minutes, in minutes above, and never as nothing', () => {
    expect([0, 400, 59_001, 119_000, 119_001, 600_000].map((ms) => duration(ms, en))).toEqual([
      '1 s',
      '1 s',
      '60 s',
      '119 s',
      '2 min',
      '10 min',
    ]);
  });
});
