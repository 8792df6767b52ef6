import { InvalidResponseDataError, LoadAPIKeyError, NoOutputGeneratedError, NoSuchModelError } from 'ai';
import { createProblem, type Problem, type ProblemOptions } from '#shared/problem.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import { errorCode, errorFields, MAX_CAUSES, readProviderError, type ProviderError } from './provider-error.ts';
import { AnswerBoundError, CutTurnError, EmptyTurnError } from './turn-errors.ts';
import { ModelTimeoutError } from './watchdog.ts';

/** A failure of the model, described for the visitor, for the engine and for the operator. */
export interface ModelFailure {
  /** For the visitor. Has no keys, no addresses and nothing that the provider wrote. */
  problem: Problem;
  /** For the engine: whether the same call may succeed a moment later. */
  transient: boolean;
  /** For the engine: how long the provider asks to wait, in ms. */
  retryAfterMs?: number;
  /** For the operator: one sentence, which names the setting to check where one may be wrong. */
  sentence: string;
  /** For the operator's log. Never the error itself, which holds the prompt. */
  fields: { status?: number; code?: string; host?: string };
}

/** Codes of a server that was not reached at all. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_INVALID_URL',
]);

/** Codes that mean a wrong address: retrying by hand does not help either. */
const WRONG_ADDRESS = new Set(['ENOTFOUND', 'ERR_INVALID_URL']);

const MISCONFIGURED: ProblemOptions = {
  detail: 'The model behind this chat is not set up correctly.',
  retryable: false,
};

/**
 * Describes why a model turn failed.
 *
 * @param hasOutput whether the model had sent any output before.
 */
export function describeModelFailure(error: unknown, hasOutput: boolean): ModelFailure {
  if (error instanceof ModelTimeoutError) return describeTimeout(error);
  if (error instanceof EmptyTurnError) return describeEmpty(error);
  const exceeded = findExceededBound(error);
  if (exceeded) return describeBound(exceeded);
  if (LoadAPIKeyError.isInstance(error)) {
    return failure('The model needs an API key: set MODEL_API_KEY.', { problem: MISCONFIGURED });
  }
  if (NoSuchModelError.isInstance(error)) {
    return failure('The model does not exist: check MODEL.', { problem: MISCONFIGURED });
  }
  if (isCut(error)) return describeCut(hasOutput);
  const refusal = readProviderError(error);
  return refusal ? describeRefusal(refusal) : describeOther(error);
}

function describeTimeout({ phase, afterMs }: ModelTimeoutError): ModelFailure {
  return {
    problem: createProblem('model-timeout'),
    transient: false,
    sentence: `The model did not answer in time (${phase}, ${afterMs} ms): if it needs longer, raise MODEL_FIRST_CHUNK_TIMEOUT_MS, MODEL_CHUNK_TIMEOUT_MS or MODEL_TOTAL_TIMEOUT_MS.`,
    fields: {},
  };
}

function describeEmpty({ finishReason }: EmptyTurnError): ModelFailure {
  if (finishReason === 'content-filter') {
    const detail = 'The answer was withheld by the model’s provider.';
    return failure('The provider withheld the answer (content filter).', { problem: { detail } });
  }
  const problem = { detail: 'The model gave an empty answer.' };
  return failure(`The model gave an empty answer (finish reason: ${finishReason}).`, { problem });
}

/** A bound that was exceeded while the provider read its stream comes back within the provider's own error. */
function findExceededBound(error: unknown): AnswerBoundError | null {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if (current instanceof AnswerBoundError) return current;
    current = current.cause;
  }
  return null;
}

function describeBound({ bound }: AnswerBoundError): ModelFailure {
  const problem = { detail: 'The answer grew longer than one answer may be.', retryable: false };
  return failure(`The model’s answer was broken off because ${bound}: it is no usable answer.`, { problem });
}

function isCut(error: unknown): boolean {
  return (
    error instanceof CutTurnError ||
    InvalidResponseDataError.isInstance(error) ||
    NoOutputGeneratedError.isInstance(error)
  );
}

function describeCut(hasOutput: boolean): ModelFailure {
  const sentence = hasOutput
    ? 'The connection to the model ended in the middle of its answer.'
    : 'The model’s server ended its answer before the first output: check that MODEL_BASE_URL is the address of the model’s API.';
  return failure(sentence, { transient: true });
}

function describeRefusal(refusal: ProviderError): ModelFailure {
  const { status, code, isRetryable, retryAfterMs } = refusal;
  const fields = errorFields(refusal);
  switch (status) {
    case 401:
      return failure('The model’s server refused the API key (401): check MODEL_API_KEY.', {
        fields,
        problem: MISCONFIGURED,
      });
    case 403:
      return failure(
        'The model’s server forbids the call (403): check that MODEL_API_KEY may use the model in MODEL.',
        { fields, problem: MISCONFIGURED },
      );
    case 404:
      return failure('The model’s server has no such model or path (404): check MODEL and MODEL_BASE_URL.', {
        fields,
        problem: MISCONFIGURED,
      });
    case 429:
      return failure('The model’s server limits the rate of requests (429).', {
        fields,
        problem: { detail: 'The model is busy.' },
        transient: true,
        retryAfterMs,
      });
  }
  if (status !== undefined && status >= 300 && status < 400) {
    const sentence = `The model’s server redirects the call (${status}), which is not followed, so that the conversation goes nowhere else: set MODEL_BASE_URL to the final address.`;
    return failure(sentence, { fields, problem: MISCONFIGURED });
  }
  if (code !== undefined && UNREACHABLE.has(code)) {
    return failure(`The model’s server cannot be reached (${code}): check MODEL_BASE_URL, and that the server runs.`, {
      fields,
      problem: { detail: 'The model cannot be reached.', retryable: !WRONG_ADDRESS.has(code) },
    });
  }
  if (status === undefined || status < 400) {
    // Also with a status of success: then the connection broke while the answer was read.
    return failure('The connection to the model was lost.', { fields, transient: isRetryable });
  }
  return failure(`The model’s server answered with an error (${status}).`, {
    fields,
    transient: isRetryable,
    retryAfterMs,
  });
}

function describeOther(error: unknown): ModelFailure {
  const isRetryable = typeof error === 'object' && error !== null && 'isRetryable' in error && error.isRetryable;
  return failure('The model reported an error within its answer, or sent something that is no answer.', {
    fields: withoutUndefined({ code: errorCode(error) }),
    transient: isRetryable === true,
  });
}

interface FailureOptions {
  problem?: ProblemOptions;
  transient?: boolean;
  retryAfterMs?: number | undefined;
  fields?: ModelFailure['fields'];
}

function failure(
  sentence: string,
  { problem = {}, transient = false, retryAfterMs, fields = {} }: FailureOptions,
): ModelFailure {
  const wait = withoutUndefined({ retryAfterMs });
  return { problem: createProblem('model-failed', { ...problem, ...wait }), transient, ...wait, sentence, fields };
}
