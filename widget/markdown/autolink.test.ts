import { describe, expect, it } from 'vitest';
import { createParser } from './parser.ts';

const { splitLinks } = createParser();

describe('addresses in a text', () => {
  it('become links, without the punctuation of the sentence', () => {
    expect(splitLinks('see https://a.example/x(y), or (www.b.example).')).toEqual([
      'see ',
      { href: 'https://a.example/x(y)', text: 'https://a.example/x(y)' },
      ', or (',
      { href: 'http://www.b.example', text: 'www.b.example' },
      ').',
    ]);
    expect(splitLinks('write to me.too@mail.example, or mailto:you@mail.example')).toEqual([
      'write to ',
      { href: 'mailto:me.too@mail.example', text: 'me.too@mail.example' },
      ', or ',
      { href: 'mailto:you@mail.example', text: 'mailto:you@mail.example' },
    ]);
  });

  it('begin and end between letters and punctuation of languages without spaces', () => {
    expect(splitLinks('详情见https://shop.example/help，如有问题请留言')).toEqual([
      '详情见',
      { href: 'https://shop.example/help', text: 'https://shop.example/help' },
      '，如有问题请留言',
    ]);
    expect(splitLinks('公式サイトhttps://shop.example/d、または店頭で。www.b.example（店）')).toEqual([
      '公式サイト',
      { href: 'https://shop.example/d', text: 'https://shop.example/d' },
      '、または店頭で。',
      { href: 'http://www.b.example', text: 'www.b.example' },
      '（店）',
    ]);
    expect(splitLinks('“https://a.example/x”')).toEqual([
      '“',
      { href: 'https://a.example/x', text: 'https://a.example/x' },
      '”',
    ]);
  });

  it('are not found in lookalikes', () => {
    for (const text of [
      'xhttps://a.example',
      'a@b',
      '@name',
      'http://',
      'www.',
      'javascript://a.example',
      'README.md',
      'ftp://a.example',
    ]) {
      expect(splitLinks(text)).toEqual([text]);
    }
  });

  it('lose no character of the text', () => {
    for (const unit of [
      '@',
      'a@b.c',
      'http://',
      'www.a.b ',
      '(http://a.b))',
      'a@b.c;',
      '\u{D800}http://a.b/\u{D800}',
    ]) {
      const text = unit.repeat(2000);
      expect(
        splitLinks(text)
          .map((piece) => (typeof piece === 'string' ? piece : piece.text))
          .join(''),
      ).toBe(text);
    }
  });
});
