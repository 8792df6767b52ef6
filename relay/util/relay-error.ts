import { createProblem, type Problem, type ProblemCode, type ProblemOptions } from '#shared/problem.ts';

/** A refusal with a code of the table in shared/problem.ts. The error handler turns it into an answer. */
export class RelayError extends Error {
  override name = 'RelayError';
  readonly problem: Problem;

  constructor(code: ProblemCode, options: ProblemOptions & { cause?: unknown } = {}) {
    const { cause, ...rest } = options;
    super(rest.detail ?? code, cause === undefined ? undefined : { cause });
    this.problem = createProblem(code, rest);
  }
}
