import MarkdownIt from 'markdown-it';
import { expect, it } from 'vitest';
import { decodeHTMLStrict, readNames } from './entities.ts';

// markdown-it as it is published decodes all names of HTML 5; in the widget's build it is given these.
const { unescapeAll } = new MarkdownIt().utils;

it('every name means what HTML says it does', () => {
  expect(readNames().size).toBeGreaterThan(290);
  for (const [name, character] of readNames()) expect([name, character]).toEqual([name, unescapeAll(`&${name};`)]);
});

it('the names that people write are among them', () => {
  const names =
    'amp lt gt quot apos nbsp copy reg trade hellip mdash ndash larr rarr times divide deg euro alpha Omega infin ne le ge check vert';
  for (const name of names.split(' ')) expect(decodeHTMLStrict(`&${name};`)).not.toBe(`&${name};`);
});

it('a name that is not known is shown as it was written', () => {
  for (const text of ['&ClockwiseContourIntegral;', '&constructor;', '&AMPERE;', '&160;'])
    expect(decodeHTMLStrict(text)).toBe(text);
});
