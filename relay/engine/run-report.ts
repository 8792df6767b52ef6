import { isTerminal, type Usage } from '#shared/protocol.ts';
import type { LogMessage } from '../store/entries/encode-message.ts';
import type { Lease } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';
import type { LogWriter } from './log-writer/log-writer.ts';

/** How the execution of a run ended; names the run's one line in the log. */
export type RunOutcome =
  /** The reply is complete. */
  | 'completed'
  /** The run ended with a problem. */
  | 'failed'
  /** A visitor stopped the run. */
  | 'cancelled'
  /** The session was deleted or has expired. */
  | 'deleted'
  /** The run was given back, and goes on as the next attempt. */
  | 'retried'
  /** The run was given back because this process stops; it goes on elsewhere as the same attempt. */
  | 'handed-over'
  /** Another relay took the run over. */
  | 'lost'
  /** The run was ended or taken over elsewhere; which of both could not be read. */
  | 'lost-or-ended'
  /** The run goes on as the next attempt once its lease has run out. */
  | 'abandoned';

const MESSAGES: Record<RunOutcome, string> = {
  completed: 'Run completed',
  failed: 'Run failed',
  cancelled: 'Run cancelled',
  deleted: 'Run stopped: its session was deleted',
  retried: 'Run given back: it will be retried',
  'handed-over': 'Run handed over to another relay',
  lost: 'Run stopped: the lease was lost to another relay',
  'lost-or-ended': 'Run stopped: it was ended, or taken over by another relay',
  abandoned: 'Run abandoned: it will be retried when its lease has run out',
};

/** Log fields that name a run: the first 8 characters of both ids, enough to find it by and too few to use it. */
export function runFields(sessionId: string, runId: string): { session: string; run: string } {
  return { session: sessionId.slice(0, 8), run: runId.slice(0, 8) };
}

/** Gathers what the log is to say of one execution of a run: one line, when it is over. */
export interface RunReport {
  /** The writer, watched for the first token and for how the run ends. */
  watch(writer: LogWriter): LogWriter;
  /** The problem code of a run that is given back. */
  noteProblem(code: string): void;
  /** How the run ends, as the last messages say that were given to the writer; null while there are none. */
  readonly ended: 'completed' | 'failed' | null;
  /** Log fields that name the run. */
  readonly fields: { session: string; run: string };
  /** Writes the line. */
  log(outcome: RunOutcome): void;
}

export interface RunReportOptions {
  sessionId: string;
  lease: Lease;
  /** The model's id, when the workflow names one. */
  model: string | undefined;
  /** When the lease was asked for, on the monotonic clock, in ms: where the times of the line begin. */
  startedAt: number;
  logger: Logger;
}

/** The report of the execution that holds this lease. */
export function createRunReport({ sessionId, lease, model, startedAt, logger }: RunReportOptions): RunReport {
  let firstTokenAt: number | null = null;
  let ended: 'completed' | 'failed' | null = null;
  let usage: Usage = {};
  let finishReason: string | undefined;
  let code: string | undefined;

  function noteEnd(messages: readonly LogMessage[]): void {
    for (const message of messages) {
      if (message.type === 'error') code = message.problem.code;
      if (message.type !== 'metadata' || !isTerminal(message.status)) continue;
      ended = message.status === 'completed' ? 'completed' : 'failed';
      usage = message.usage ?? {};
      finishReason = message.finishReason;
    }
  }

  return {
    watch: (writer) => ({
      ...writer,
      emit(message) {
        if (firstTokenAt === null && isToken(message)) firstTokenAt = performance.now();
        return writer.emit(message);
      },
      finish(messages, step) {
        noteEnd(messages);
        return writer.finish(messages, step);
      },
      get finishing() {
        return writer.finishing;
      },
      get finished() {
        return writer.finished;
      },
    }),

    noteProblem(problemCode) {
      code = problemCode;
    },

    get ended() {
      return ended;
    },

    fields: runFields(sessionId, lease.runId),

    log(outcome) {
      const fields = {
        ...runFields(sessionId, lease.runId),
        outcome,
        code,
        finishReason,
        model,
        inputTokens: usage.inputTokens,
        outputTokens: usage.outputTokens,
        firstTokenMs: firstTokenAt === null ? undefined : Math.round(firstTokenAt - startedAt),
        totalMs: Math.round(performance.now() - startedAt),
        attempts: lease.attempt,
      };
      logger.info(
        Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
        MESSAGES[outcome],
      );
    },
  };
}

/** Is this something that a visitor reads, or the model's call of a tool? */
function isToken(message: LogMessage): boolean {
  if (message.type !== 'chunk') return false;
  const { type } = message.chunk;
  return type.endsWith('-delta') || type === 'tool-input-available';
}
