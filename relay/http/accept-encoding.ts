import { parseAccept } from 'hono/utils/accept';

/** Content codings a file is stored in, smallest first. Of equally weighted ones the first is sent. */
export const CODINGS = ['br', 'gzip', 'identity'] as const;

export type Coding = (typeof CODINGS)[number];

/** Suffix of a file that holds another one in a coding: `widget.js.br` is `widget.js` in brotli. */
export const SUFFIXES: Readonly<Record<Exclude<Coding, 'identity'>, string>> = { br: '.br', gzip: '.gz' };

/** The weight of `identity` when the header does not name it: allowed, but behind every coding that is named. */
const UNNAMED_IDENTITY_WEIGHT = Number.MIN_VALUE;

/**
 * The content coding to answer in, by `Accept-Encoding` (RFC 9110, 12.5.3). Without the header, and when nothing stored
 * is acceptable, it is `identity`: a readable answer serves such a client better than a 406.
 *
 * @param available - The codings that exist; `identity` always does.
 */
export function chooseCoding(header: string | undefined, available: readonly Coding[]): Coding {
  const weights = new Map(parseAccept(header ?? '').map(({ type, q }) => [canonicalName(type), q]));
  const others = weights.get('*');

  function weightOf(coding: Coding): number {
    const named = weights.get(coding) ?? others;
    return named ?? (coding === 'identity' ? UNNAMED_IDENTITY_WEIGHT : 0);
  }

  let best: Coding = 'identity';
  let bestWeight = 0;
  for (const coding of CODINGS) {
    const weight = available.includes(coding) ? weightOf(coding) : 0;
    if (weight > bestWeight) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

/** `x-gzip` is an old name of `gzip` (RFC 9110, 8.4.1.3). */
function canonicalName(coding: string): string {
  const name = coding.toLowerCase();
  return name === 'x-gzip' ? 'gzip' : name;
}
