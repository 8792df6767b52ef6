import { APICallError } from 'ai';
import { parseRetryAfter } from '#shared/retry-after.ts';
import { withoutUndefined } from '../util/without-undefined.ts';

/** The longest `Retry-After` of a provider that is honoured, in ms. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** Errors within errors that are looked into: more than any client nests, and bounded in case they form a ring. */
export const MAX_CAUSES = 5;

/** What the error of a refused call says, without the parts that may hold the prompt or a key. */
export interface ProviderError {
  /** The HTTP status; undefined when there was no answer. */
  status: number | undefined;
  /** The system's code (`ECONNREFUSED`) or the provider's (`context_length_exceeded`). */
  code: string | undefined;
  /** The host that was called. */
  host: string | undefined;
  /** Whether the same call may succeed a moment later. */
  isRetryable: boolean;
  /** How long the provider asks to wait, in ms, up to `MAX_RETRY_AFTER_MS`. */
  retryAfterMs: number | undefined;
}

/** Reads the error of a refused call; null when it is no such error. */
export function readProviderError(error: unknown): ProviderError | null {
  if (APICallError.isInstance(error)) {
    const { statusCode, isRetryable, data, responseHeaders, url } = error;
    return {
      status: statusCode,
      code: networkCode(error) ?? providerCode(data),
      host: URL.canParse(url) ? new URL(url).host : undefined,
      isRetryable,
      retryAfterMs: readRetryAfter(responseHeaders),
    };
  }
  if (!isWrappedRefusal(error)) return null;
  const answered = APICallError.isInstance(error.cause) ? error.cause : null;
  return {
    status: error.statusCode,
    code: networkCode(error.cause) ?? providerCode(answered?.data),
    host: undefined,
    isRetryable: error.isRetryable ?? false,
    retryAfterMs: readRetryAfter(answered?.responseHeaders),
  };
}

/** The code of an error that is no refusal of a call: the system's, the provider's, or else the name of its class. */
export function errorCode(error: unknown): string | undefined {
  return networkCode(error) ?? providerCode(error) ?? (error instanceof Error ? error.name : undefined);
}

/** The fields for the operator's log. */
export function errorFields({ status, code, host }: Pick<ProviderError, 'status' | 'code' | 'host'>) {
  return withoutUndefined({ status, code, host });
}

/** The AI Gateway's client wraps a refusal in an error of its own, which has the status. */
function isWrappedRefusal(error: unknown): error is Error & { statusCode: number; isRetryable?: boolean } {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

/** The system's code of the error or of one of its causes, such as ECONNREFUSED. */
function networkCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if ('code' in current && isIdentifier(current.code)) return current.code;
    // Happy eyeballs: one error for each address that was tried.
    const [first]: unknown[] = current instanceof AggregateError ? current.errors : [];
    if (first instanceof Error && 'code' in first && isIdentifier(first.code)) return first.code;
    current = current.cause;
  }
  return undefined;
}

/** The provider's name for its error, such as `context_length_exceeded`. */
function providerCode(data: unknown): string | undefined {
  const error = typeof data === 'object' && data !== null && 'error' in data ? data.error : data;
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && isIdentifier(error.code)) return error.code;
  return 'type' in error && isIdentifier(error.type) ? error.type : undefined;
}

/** An identifier and never a sentence: a sentence may quote the prompt. */
function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z][\w.-]{0,63}$/.test(value);
}

/** `Retry-After` in seconds or as a date, or OpenAI's `retry-after-ms`. */
function readRetryAfter(headers: Record<string, string> = {}): number | undefined {
  const ms = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (ms >= 0) return Math.min(ms, MAX_RETRY_AFTER_MS);
  const wait = parseRetryAfter(headers['retry-after'] ?? '');
  // 0 and a date in the past are left to the caller's own backoff.
  return wait ? Math.min(wait, MAX_RETRY_AFTER_MS) : undefined;
}
