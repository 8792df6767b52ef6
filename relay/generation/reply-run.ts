import { createProblem } from '#shared/problem.ts';
import type { ChatChunk } from '#shared/protocol.ts';
import { boundChunk } from '#shared/fold/bound-depth.ts';
import { FatalError, RetryableError } from '../engine/errors.ts';
import { runFields } from '../engine/run-report.ts';
import type { RunInput, WorkflowContext } from '../engine/workflow.ts';
import { askStore } from '../store/ask-store.ts';
import type { LogMessage } from '../store/entries/encode-message.ts';
import { readSession, type OpenSession } from '../store/read-session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';
import { describeModelFailure } from './model-failure.ts';
import { ModelTurnError } from './turn-errors.ts';
import { ModelTimeoutError, type ModelTimeouts } from './watchdog.ts';

/** How long the store is asked for the conversation before the run is left, in ms. */
const READ_TIMEOUT_MS = 10_000;
/** Delay before the second attempt, in ms, when the provider asks for none. It doubles with each attempt. */
const FIRST_RETRY_MS = 1000;

/** One execution of a reply: what its steps share. */
export interface ReplyRun extends Disposable {
  readonly context: WorkflowContext;
  /** A chunk of this run as a message of the log, with no value that is nested too deeply (see `boundChunk`). */
  toMessage(chunk: ChatChunk): LogMessage;
  /** A step's signal that also aborts when the reply has used up its total time. */
  withTotalTimeout(signal: AbortSignal): AbortSignal;
  /**
   * Reads the conversation up to the newest entry of this run.
   *
   * @throws FatalError when the run is not the session's active one any more.
   */
  readSession(): Promise<OpenSession>;
  /**
   * Runs work on the model or on a tool, and turns its failure into what the engine makes of the run.
   *
   * @throws RetryableError for a model failure without output that may pass, FatalError for any other and for a reply
   *   that has used up its total time; other errors as they are.
   */
  guard<T>(work: () => Promise<T>): Promise<T>;
}

/** The settings of an execution. */
export interface ReplyRunOptions {
  store: SessionStore;
  logger: Logger;
  timeouts: Pick<ModelTimeouts, 'totalMs'>;
}

/** Begins an execution of a reply, and its total time; disposing of it leaves no timer behind. */
export function createReplyRun(
  context: WorkflowContext,
  { sessionId, runId }: RunInput,
  { store, logger, timeouts: { totalMs } }: ReplyRunOptions,
): ReplyRun {
  const logFields = { ...runFields(sessionId, runId), attempt: context.attempt };
  const total = new AbortController();
  const timer = setTimeout(() => total.abort(new ModelTimeoutError('total', totalMs)), totalMs);

  function toRunError(cause: unknown, hasOutput: boolean): FatalError | RetryableError {
    if (cause instanceof FatalError) return cause;
    const { problem, transient, retryAfterMs, sentence, fields } = describeModelFailure(cause, hasOutput);
    if (transient && !hasOutput && !context.lastAttempt) {
      const delayMs = retryAfterMs ?? FIRST_RETRY_MS * 2 ** (context.attempt - 1);
      logger.warn({ ...logFields, ...fields, retryAfterMs: delayMs }, `${sentence} The call will be retried.`);
      return new RetryableError(problem, { retryAfterMs: delayMs });
    }
    logger.error({ ...logFields, ...fields }, sentence);
    return new FatalError(problem);
  }

  return {
    context,
    toMessage: (chunk) => ({ type: 'chunk', runId, chunk: boundChunk(chunk) }),
    withTotalTimeout: (signal) => AbortSignal.any([signal, total.signal]),

    async readSession() {
      const ask = () => readSession(store, sessionId);
      const session = await askStore(ask, { signal: context.signal, giveUpMs: READ_TIMEOUT_MS });
      if (session.kind !== 'open' || session.run?.runId !== runId) throw new FatalError(createProblem('stream-lost'));
      return session;
    },

    async guard(work) {
      try {
        return await work();
      } catch (error) {
        if (total.signal.aborted && !context.signal.aborted) throw toRunError(total.signal.reason, true);
        if (error instanceof ModelTurnError) throw toRunError(error.cause, error.hasOutput);
        throw error;
      }
    },

    [Symbol.dispose]() {
      clearTimeout(timer);
    },
  };
}
