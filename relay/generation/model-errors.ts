import { APICallError, InvalidResponseDataError, LoadAPIKeyError, NoOutputGeneratedError, NoSuchModelError } from 'ai';
import { createProblem, type Problem } from '#shared/problem.ts';
import { parseRetryAfter } from '#shared/retry-after.ts';
import { CutTurnError, EmptyTurnError } from './model-turn.ts';
import { ModelTimeoutError } from './watchdog.ts';

/** A failure of the model, told to the three who want to know. */
export interface ModelFailure {
  /** For the visitor: says nothing of keys, addresses or what the provider wrote. */
  problem: Problem;
  /** Would the same call have a chance a moment later? */
  transient: boolean;
  /** Not sooner than this, in ms; what the provider asked for. */
  retryAfterMs?: number;
  /** For the operator: one sentence, and which setting to look at where one is to blame. */
  sentence: string;
  /** For the operator's log. Never the error itself: that holds the prompt. */
  fields: { status?: number; code?: string; host?: string };
}

/** What a provider asks to be waited for is honoured up to this. */
export const MAX_RETRY_AFTER_MS = 60_000;

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_INVALID_URL',
]);

/** @param hasOutput Had the model said anything before it failed? */
export function describeModelError(error: unknown, hasOutput: boolean): ModelFailure {
  if (error instanceof ModelTimeoutError) {
    return {
      problem: createProblem('model-timeout'),
      transient: false,
      sentence: `The model did not answer in time (${error.phase}, ${error.afterMs} ms): see MODEL_FIRST_CHUNK_TIMEOUT_MS, MODEL_CHUNK_TIMEOUT_MS and MODEL_TOTAL_TIMEOUT_MS if it needs longer.`,
      fields: {},
    };
  }
  if (error instanceof EmptyTurnError) {
    return failed(
      error.finishReason === 'content-filter'
        ? {
            sentence: 'The provider withheld the answer (content filter).',
            detail: 'The answer was withheld by the model’s provider.',
          }
        : {
            sentence: `The model gave an empty answer (${error.finishReason}).`,
            detail: 'The model gave an empty answer.',
          },
    );
  }
  if (LoadAPIKeyError.isInstance(error)) {
    return failed({
      sentence: 'The model needs an API key: set MODEL_API_KEY.',
      detail: MISCONFIGURED,
      retryable: false,
    });
  }
  if (NoSuchModelError.isInstance(error)) {
    return failed({ sentence: 'There is no such model: check MODEL.', detail: MISCONFIGURED, retryable: false });
  }
  const isCut =
    error instanceof CutTurnError ||
    InvalidResponseDataError.isInstance(error) ||
    NoOutputGeneratedError.isInstance(error);
  if (isCut) {
    const sentence = hasOutput
      ? 'The connection to the model ended in the middle of its answer.'
      : 'The model’s server ended its answer before the first word: check MODEL_BASE_URL, should another server be there.';
    return failed({ sentence, transient: true });
  }
  if (APICallError.isInstance(error)) return describeCallError(error);
  return isRefusal(error) ? describeCallError({ ...refusalOf(error), url: '' }) : describeOther(error);
}

const MISCONFIGURED = 'The model behind this chat is not set up correctly.';

type Refusal = Pick<APICallError, 'statusCode' | 'isRetryable' | 'data' | 'responseHeaders' | 'url' | 'cause'>;

/** The AI Gateway's client wraps what it was answered in errors of its own, which bear the status. */
function isRefusal(error: unknown): error is Error & { statusCode: number; isRetryable?: boolean } {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

function refusalOf(error: Error & { statusCode: number; isRetryable?: boolean }): Omit<Refusal, 'url'> {
  const { statusCode, isRetryable = false, cause } = error;
  const answered = APICallError.isInstance(cause) ? cause : null;
  return { statusCode, isRetryable, cause, data: answered?.data, responseHeaders: answered?.responseHeaders ?? {} };
}

function describeCallError(error: Refusal): ModelFailure {
  const { statusCode: status } = error;
  const code = networkCode(error instanceof Error ? error : error.cause) ?? providerCode(error.data);
  const fields = {
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...hostOf(error.url),
  };
  const misconfigured = { fields, detail: MISCONFIGURED, retryable: false };
  switch (status) {
    case 401:
      return failed({
        ...misconfigured,
        sentence: 'The model’s server refused the API key (401): check MODEL_API_KEY.',
      });
    case 403:
      return failed({
        ...misconfigured,
        sentence: 'The model’s server forbids the call (403): check that MODEL_API_KEY may use the model in MODEL.',
      });
    case 404:
      return failed({
        ...misconfigured,
        sentence: 'The model’s server knows no such model or address (404): check MODEL and MODEL_BASE_URL.',
      });
    case 429: {
      const wait = retryAfterMs(error);
      return failed({
        fields,
        sentence: 'The model’s server has had too many requests (429).',
        detail: 'The model is busy.',
        transient: true,
        ...(wait === undefined ? {} : { retryAfterMs: wait }),
      });
    }
  }
  if (code !== undefined && UNREACHABLE.has(code)) {
    return failed({
      fields,
      sentence: `The model’s server cannot be reached (${code}): check MODEL_BASE_URL, and that the server runs.`,
      detail: 'The model cannot be reached.',
      retryable: code !== 'ENOTFOUND' && code !== 'ERR_INVALID_URL',
    });
  }
  // A status of success that failed: the connection died while the answer was read.
  if (status === undefined || status < 400) {
    return failed({ fields, sentence: 'The connection to the model was lost.', transient: error.isRetryable });
  }
  const wait = retryAfterMs(error);
  return failed({
    fields,
    sentence: `The model’s server answered with an error (${status}).`,
    transient: error.isRetryable,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

function describeOther(error: unknown): ModelFailure {
  const code = networkCode(error) ?? providerCode(error);
  const name = error instanceof Error ? error.name : undefined;
  return failed({
    fields: code === undefined ? (name === undefined ? {} : { code: name }) : { code },
    sentence: 'The model reported an error in its answer, or what came was no answer.',
    transient: typeof error === 'object' && error !== null && 'isRetryable' in error && error.isRetryable === true,
  });
}

function failed(options: {
  sentence: string;
  detail?: string;
  retryable?: boolean;
  transient?: boolean;
  retryAfterMs?: number;
  fields?: ModelFailure['fields'];
}): ModelFailure {
  const { sentence, detail, retryable, transient = false, retryAfterMs, fields = {} } = options;
  return {
    problem: createProblem('model-failed', {
      ...(detail === undefined ? {} : { detail }),
      ...(retryable === undefined ? {} : { retryable }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }),
    transient,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    sentence,
    fields,
  };
}

/** The code of the system's error somewhere below, such as ECONNREFUSED. */
function networkCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if ('code' in current && isIdentifier(current.code)) return current.code;
    // Happy eyeballs: one error for each address that was tried.
    const [first]: unknown[] = current instanceof AggregateError ? current.errors : [];
    if (first instanceof Error && 'code' in first && isIdentifier(first.code)) return first.code;
    current = current.cause;
  }
  return undefined;
}

/** What the provider calls its error: an identifier like `context_length_exceeded`, never a sentence. */
function providerCode(data: unknown): string | undefined {
  const error = typeof data === 'object' && data !== null && 'error' in data ? data.error : data;
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && isIdentifier(error.code)) return error.code;
  return 'type' in error && isIdentifier(error.type) ? error.type : undefined;
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z][\w.-]{0,63}$/.test(value);
}

function hostOf(url: string): { host?: string } {
  return URL.canParse(url) ? { host: new URL(url).host } : {};
}

/** `Retry-After` in seconds or as a date, or OpenAI's `retry-after-ms`. */
function retryAfterMs({ responseHeaders = {} }: Pick<Refusal, 'responseHeaders'>): number | undefined {
  const ms = Number.parseFloat(responseHeaders['retry-after-ms'] ?? '');
  if (ms >= 0) return Math.min(ms, MAX_RETRY_AFTER_MS);
  const wait = parseRetryAfter(responseHeaders['retry-after'] ?? '');
  // 0, or a date that has passed, leaves the wait to the caller's own backoff.
  return wait ? Math.min(wait, MAX_RETRY_AFTER_MS) : undefined;
}
