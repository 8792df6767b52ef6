import { createProblem } from '#shared/problem.ts';
import { encodeMessage, type LogMessage } from '../../store/entries/encode-message.ts';
import type { StepRecord } from '../../store/session-store.ts';
import { byteLength } from '../../util/byte-length.ts';
import { atEndOfTick } from '../../util/end-of-tick.ts';
import { orAborted } from '../../util/or-aborted.ts';
import { FatalError, RunStopped } from '../errors.ts';
import { cutIntoBatches, type Segment } from './batches.ts';
import { createBatchSender, type BatchSenderOptions } from './batch-sender.ts';
import { createMessageQueue } from './message-queue.ts';
import { createReplyBudget, MAX_RUN_BYTES, MAX_RUN_ENTRIES, type RunSize } from './reply-budget.ts';

export interface LogWriterOptions extends BatchSenderOptions {
  /** What earlier attempts of the run have in the log. */
  used: RunSize;
  /** How long emitted messages are gathered before they are written, in ms; 0: until the event loop's tick ends. */
  batchMs: number;
}

/**
 * Writes the log under one lease: it owns the fence and the numbers of the entries.
 *
 * Messages of one tick, and those emitted while an earlier append is under way, are written by one append. Entries
 * keep their number and their batch once they have one, and stay in memory, so that any of them can be sent again.
 *
 * Every promise rejects with `RunStopped` when the run stops here before it is settled.
 */
export interface LogWriter {
  /**
   * Resolves at once, or, under backpressure, once less waits to be stored.
   *
   * @throws FatalError when the reply has taken all of the log that it may.
   */
  emit(message: LogMessage): Promise<void>;
  /** Writes messages together with the result of the step that they end; resolves once that is stored. */
  endStep(messages: readonly LogMessage[], step: StepRecord): Promise<void>;
  /** Writes the last messages of the run, the terminal one at their end, and closes the run. */
  finish(messages: readonly LogMessage[], step?: StepRecord): Promise<void>;
  /** Resolves once everything that was emitted is stored. */
  flush(): Promise<void>;
  /** True from when `finish` was called: only its own answer decides how the run ended. */
  readonly finishing: boolean;
  /** True once `finish` has been stored. */
  readonly finished: boolean;
}

/** Shared resolved promise: avoids an allocation per token. */
const AT_ONCE = Promise.resolve();

/** Opens the writer of a run that was claimed. */
export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { batchMs, signal, onStop, logger, logFields } = options;
  /** Messages emitted since the last step ended. */
  const queue = createMessageQueue();
  /** Steps that have ended and are not written yet. */
  const endings: Segment[] = [];
  const budget = createReplyBudget(queue, options.used);
  const sender = createBatchSender(options);
  let next = options.first;
  let cancelTick: (() => void) | null = null;
  let writing: Promise<void> | null = null;
  let finishing = false;
  let finished = false;
  /** The reply is at its bound, and the operator knows. */
  let full = false;

  signal.addEventListener('abort', () => cancelTick?.(), { once: true });

  const isIdle = () => queue.length === 0 && endings.length === 0;

  function scheduleFlush(): void {
    if (writing || cancelTick || signal.aborted) return;
    const flushNow = () => void write();
    if (batchMs === 0) {
      cancelTick = atEndOfTick(flushNow);
    } else {
      const timer = setTimeout(flushNow, batchMs);
      cancelTick = () => clearTimeout(timer);
    }
  }

  /** Writes until nothing waits; never rejects. One at a time. */
  function write(): Promise<void> {
    cancelTick?.();
    cancelTick = null;
    writing ??= writeAll().then(() => {
      writing = null;
      if (!isIdle()) scheduleFlush();
    });
    return writing;
  }

  /** Never rejects. */
  async function writeAll(): Promise<void> {
    try {
      while (!isIdle() && !signal.aborted) await writeSegment(endings.shift() ?? takeQueue());
    } catch (error) {
      if (error instanceof RunStopped) return;
      logger.error({ ...logFields, err: error }, 'The log could not be written: the run stops here');
      onStop('store-away');
    }
  }

  async function writeSegment(segment: Segment): Promise<void> {
    const batches = cutIntoBatches(segment, next);
    budget.number(segment, batches);
    for (const batch of batches) {
      next += batch.entries.length;
      await sender.send(batch);
    }
    if (segment.closes) {
      finished = true;
      sender.close();
    }
    segment.stored();
    budget.store(segment);
  }

  function takeQueue(ending: Partial<Segment> = {}): Segment {
    const { bytes } = queue;
    const segment = {
      messages: queue.take(),
      bytes,
      tail: 0,
      step: undefined,
      closes: false,
      stored: () => {},
      ...ending,
    };
    budget.take(segment);
    return segment;
  }

  function end(messages: readonly LogMessage[], step: StepRecord | undefined, closes: boolean): Promise<void> {
    const stored = new Promise<void>((resolve) => {
      for (const message of messages) queue.push(message);
      endings.push(takeQueue({ tail: messages.length, step, closes, stored: resolve }));
    });
    void write();
    return orAborted(stored, signal);
  }

  function tooLong(): FatalError {
    if (!full) {
      const most = `${MAX_RUN_BYTES} bytes, ${MAX_RUN_ENTRIES} entries`;
      logger.warn(logFields, `The answer takes more of the log than one answer may (${most}): the run fails`);
    }
    full = true;
    const detail = 'The answer grew longer than one answer may be.';
    return new FatalError(createProblem('model-failed', { detail, retryable: false }));
  }

  return {
    emit(message) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (budget.isCrowded()) return Promise.reject(new Error('a step does not await its emit() calls'));
      if (!queue.push(message, budget.room())) return Promise.reject(tooLong());
      scheduleFlush();
      return budget.isOpen() ? AT_ONCE : orAborted(budget.opened(), signal);
    },

    async endStep(messages, step) {
      signal.throwIfAborted();
      const size = messages.reduce((bytes, message) => bytes + byteLength(encodeMessage(message)), 0);
      if (size > budget.room()) throw tooLong();
      await end(messages, step, false);
    },

    async finish(messages, step) {
      signal.throwIfAborted();
      finishing = true;
      await end(messages, step, true);
    },

    async flush() {
      while (!isIdle() || writing) {
        signal.throwIfAborted();
        await orAborted(write(), signal);
      }
    },

    get finishing() {
      return finishing;
    },

    get finished() {
      return finished;
    },
  };
}
