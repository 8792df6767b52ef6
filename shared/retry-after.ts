const SECONDS = /^\d+(\.\d+)?$/;
/** All three formats of an HTTP date begin with the name of a day (RFC 9110, 5.6.7). */
const DATE = /^[A-Z][a-z]{2}/;

/** The `Retry-After` header in ms from now: seconds or a date (RFC 9110, 10.2.3). Undefined when it is neither. */
export function parseRetryAfter(header: string): number | undefined {
  const text = header.trim();
  const ms = SECONDS.test(text) ? Number(text) * 1000 : DATE.test(text) ? Date.parse(text) - Date.now() : NaN;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
