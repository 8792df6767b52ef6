import { describe, expect, it } from 'vitest';
import { createProblem, PROBLEMS, type ProblemCode } from './problem.ts';
import { problemAnswerSchema } from './protocol.ts';

describe('PROBLEMS', () => {
  it('gives each code the status of the wire contract', () => {
    const statuses = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]);
    expect(Object.fromEntries(statuses)).toMatchObject({
      'invalid-request': 400,
      unauthorized: 401,
      'origin-not-allowed': 403,
      'read-only': 403,
      'not-found': 404,
      'method-not-allowed': 405,
      'run-active': 409,
      'session-expired': 410,
      'stream-not-started': 412,
      'payload-too-large': 413,
      'unsupported-media-type': 415,
      'idempotency-mismatch': 422,
      'unknown-parent': 422,
      'rate-limited': 429,
      internal: 500,
      'model-failed': 502,
      'store-unavailable': 503,
      draining: 503,
      overloaded: 503,
      'model-timeout': 504,
      'store-full': 507,
    });
    expect(Object.keys(PROBLEMS)).toEqual(expect.arrayContaining(['attempts-exhausted', 'stream-lost', 'interrupted']));
  });
});

describe('createProblem', () => {
  it.each(Object.keys(PROBLEMS) as ProblemCode[])('makes a whole problem of %s', (code) => {
    const problem = createProblem(code);
    expect(problemAnswerSchema.parse(problem)).toStrictEqual(problem);
    expect(problem).toStrictEqual({
      type: `urn:resumable-chat:problem:${code}`,
      title: PROBLEMS[code].title,
      status: PROBLEMS[code].status,
      code,
      retryable: PROBLEMS[code].retryable,
    });
  });

  it('says what it is told, and leaves out what it is not', () => {
    expect(
      createProblem('rate-limited', { detail: 'Twenty a minute.', retryAfterMs: 1500, retryable: false }),
    ).toMatchObject({
      detail: 'Twenty a minute.',
      retryAfterMs: 1500,
      retryable: false,
    });
    expect(createProblem('internal', { detail: undefined, retryAfterMs: undefined })).toStrictEqual(
      createProblem('internal'),
    );
  });
});
