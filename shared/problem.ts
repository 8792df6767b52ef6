type Row = { status: number; retryable: boolean; title: string };

/**
 * Every error of the relay (RFC 9457). `status` is the HTTP status of the answer. Codes that only travel in `error`
 * messages have the status they would have as an answer.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, retryable: false, title: 'The request is not valid' },
  unauthorized: { status: 401, retryable: false, title: 'A valid session token is needed' },
  'origin-not-allowed': { status: 403, retryable: false, title: 'This site may not use this relay' },
  'read-only': { status: 403, retryable: false, title: 'This token may only read' },
  'not-found': { status: 404, retryable: false, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, retryable: false, title: 'This method is not allowed here' },
  'run-active': { status: 409, retryable: true, title: 'An answer is still being written' },
  'session-expired': { status: 410, retryable: false, title: 'This conversation has expired or was deleted' },
  'stream-not-started': { status: 412, retryable: true, title: 'Nothing was written to this conversation yet' },
  'payload-too-large': { status: 413, retryable: false, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, retryable: false, title: 'The body must be application/json' },
  'idempotency-mismatch': { status: 422, retryable: false, title: 'This message id was used for another message' },
  'unknown-parent': { status: 422, retryable: false, title: 'The parent message is not part of this conversation' },
  'rate-limited': { status: 429, retryable: true, title: 'Too many requests' },
  internal: { status: 500, retryable: true, title: 'Something went wrong in the relay' },
  'model-failed': { status: 502, retryable: true, title: 'The model could not answer' },
  'store-unavailable': { status: 503, retryable: true, title: 'The store cannot be reached' },
  draining: { status: 503, retryable: true, title: 'The relay is about to stop' },
  overloaded: { status: 503, retryable: true, title: 'The relay is at its limit' },
  'model-timeout': { status: 504, retryable: true, title: 'The model did not answer in time' },
  'store-full': { status: 507, retryable: false, title: 'The store is full' },
  'attempts-exhausted': { status: 500, retryable: true, title: 'The answer was interrupted too often' },
  'stream-lost': { status: 500, retryable: true, title: 'The answer was lost' },
  interrupted: { status: 503, retryable: true, title: 'The answer was interrupted' },
} as const satisfies Record<string, Row>;

/** Code of a problem, as clients act on it. */
export type ProblemCode = keyof typeof PROBLEMS;

/**
 * An error on the wire: an `application/problem+json` body, or part of an `error` message. A type and not an interface,
 * so that it is assignable to objects with further fields.
 */
export type Problem = {
  type: string;
  title: string;
  status: number;
  /** The code that clients act on. A newer relay may send codes that this version does not know. */
  code: ProblemCode | (string & {});
  detail?: string | undefined;
  retryable: boolean;
  retryAfterMs?: number | undefined;
};

/** What a problem says besides its code. */
export interface ProblemOptions {
  /** One sentence for a person. Never a secret, a path or another visitor's words. */
  detail?: string | undefined;
  /** Defaults to the table's. */
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
}

/** A problem with the title and status of its code. */
export function createProblem(code: ProblemCode, options: ProblemOptions = {}): Problem {
  const { status, title, retryable } = PROBLEMS[code];
  return {
    type: `urn:resumable-chat:problem:${code}`,
    title,
    status,
    code,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
    retryable: options.retryable ?? retryable,
    ...(options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs }),
  };
}
