type Row = { status: number; retryable: boolean; title: string };

/** Those that a client tells of by itself too, by their names: the widget has them and not the others. */
export const READ_ONLY = { status: 403, retryable: false, title: 'This token may only read' } as const;
export const RUN_ACTIVE = { status: 409, retryable: true, title: 'An answer is still being written' } as const;
export const SESSION_EXPIRED = {
  status: 410,
  retryable: false,
  title: 'This conversation has expired or was deleted',
} as const;
export const INTERNAL = { status: 500, retryable: true, title: 'Something went wrong in the relay' } as const;

/**
 * Every error the relay can give, in one table (RFC 9457). `status` is the HTTP status of the answer; for those
 * that only ever travel inside an `error` message it is the status they would have had.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, retryable: false, title: 'The request is not valid' },
  unauthorized: { status: 401, retryable: false, title: 'A valid session token is needed' },
  'origin-not-allowed': { status: 403, retryable: false, title: 'This site may not use this relay' },
  'read-only': READ_ONLY,
  'not-found': { status: 404, retryable: false, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, retryable: false, title: 'This method is not allowed here' },
  'run-active': RUN_ACTIVE,
  'session-expired': SESSION_EXPIRED,
  'stream-not-started': { status: 412, retryable: true, title: 'Nothing was written to this conversation yet' },
  'payload-too-large': { status: 413, retryable: false, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, retryable: false, title: 'The body must be application/json' },
  'idempotency-mismatch': { status: 422, retryable: false, title: 'This message id was used for another message' },
  'unknown-parent': { status: 422, retryable: false, title: 'The parent message is not part of this conversation' },
  'rate-limited': { status: 429, retryable: true, title: 'Too many requests' },
  internal: INTERNAL,
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

export type ProblemCode = keyof typeof PROBLEMS;

/**
 * An error as it travels, in an `application/problem+json` body or in an `error` message. A type and no interface, so
 * that it fits where further fields are allowed.
 */
export type Problem = {
  type: string;
  title: string;
  status: number;
  /** What clients act on; a newer relay may send one that this version does not know. */
  code: ProblemCode | (string & {});
  detail?: string | undefined;
  retryable: boolean;
  retryAfterMs?: number | undefined;
};

export interface ProblemOptions {
  /** One sentence for a person. Never holds a secret, a path or what another visitor wrote. */
  detail?: string | undefined;
  /** When not given: as the table says. */
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
}

export function createProblem(code: ProblemCode, options: ProblemOptions = {}): Problem {
  return describeProblem(code, PROBLEMS[code], options);
}

/** The same for a row of the table, so that a client need not have all of it. */
export function describeProblem(
  code: ProblemCode,
  { status, title, retryable }: Row,
  options: ProblemOptions = {},
): Problem {
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
