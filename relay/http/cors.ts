import type { OriginRules } from './origins.ts';

/** The headers that let a page of an allowed origin read the answer: the exact origin, and never credentials. */
export function corsHeaders(
  origin: string | undefined,
  isAllowed: boolean,
  { allowed }: OriginRules,
): Record<string, string> {
  if (origin === undefined || !isAllowed) return { Vary: 'Origin' };
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': allowed === '*' ? '*' : origin,
    'Access-Control-Expose-Headers': 'Location, Retry-After',
  };
}

/** The headers that an answer to a preflight has besides. */
export function preflightHeaders(methods: readonly string[]): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID',
    'Access-Control-Max-Age': '600',
  };
}
