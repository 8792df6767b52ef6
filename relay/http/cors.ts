import { isOrigin, type OriginRules } from './origins.ts';

/**
 * The headers that let a page read the answer: the exact origin, and never credentials. A page of an origin that is not
 * allowed may read its refusals, as nothing else is answered to it; without these headers its browser reports a lost
 * connection.
 */
export function corsHeaders(
  origin: string | undefined,
  isAllowed: boolean,
  { allowed }: OriginRules,
): Record<string, string> {
  if (origin === undefined) return { Vary: 'Origin' };
  if (!isAllowed) return { Vary: 'Origin', ...(isOrigin(origin) ? { 'Access-Control-Allow-Origin': origin } : {}) };
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': allowed === '*' ? '*' : origin,
    'Access-Control-Expose-Headers': 'Location, Retry-After',
  };
}

/** How long a browser may keep the answer to a preflight, in seconds. */
const PREFLIGHT_MAX_AGE = '600';

/** The headers that an answer to a preflight has besides. */
export function preflightHeaders(methods: readonly string[]): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID',
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE,
  };
}
