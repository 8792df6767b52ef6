import type { Random } from '../random.ts';

/**
 * `wild` is what breaks framing and encoding; `plain` is prose that no markdown engine reads anything into; `stamped`
 * says in each token when it was written (`performance.now()`).
 */
export type TokenStyle = 'wild' | 'plain' | 'stamped';

/** Words that prose and `wild` text share, some of them of more than one UTF-16 unit. */
const WORDS = [
  ...[' the', ' log', ' keeps', ' every', ' word', ',', '.', ' and', ' then', ' what', ' follows'],
  ...[' Übergröße', ' naïve', ' 漢字', ' 🚀', ' 👩‍💻', ' e\u0301'],
] as const;

const PLAIN = [' one', ...WORDS, ' reads', ' on', ' until', ' its', ' end', '.\n\nNow'] as const;

/** Text that looks like framing, markup or JSON, and white space that some reader may drop. */
const WILD = [
  ' "quoted"',
  ...WORDS,
  ...[' back\\slash', ' <b>', ' &amp;', '\n', '\n\n', ' data: x', ' id: 1-1', '\t', ' \u2028'],
  ...[' 0-0', ' null', '  ', ' {"type":"chunk"}'],
] as const;

/** @param length a stamped token is filled up to so many characters */
export function nextToken(style: TokenStyle, length: number, random: Random): string {
  if (style === 'stamped') return ` @${performance.now().toFixed(3)};`.padEnd(length, '.');
  return random.pick(style === 'plain' ? PLAIN : WILD);
}

/** When the last stamped token of a text was written, as `performance.now()` says; null when there is none. */
export function lastStamp(text: string): number | null {
  const stamps = [...text.matchAll(/ @(\d+\.\d{3});/g)];
  const last = stamps.at(-1)?.[1];
  return last === undefined ? null : Number(last);
}
