import { createProblem } from '#shared/problem.ts';
import { atEndOfTick } from '../util/end-of-tick.ts';
import type { Logger } from '../util/logger.ts';
import { encodeMessage, type LogMessage } from '../store/entries/encode-message.ts';
import type { AppendAnswer, AppendInput, SessionStore, StepRecord } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { byteLength } from '../util/byte-length.ts';
import { FatalError, RunStopped } from './errors.ts';
import { createMessageQueue } from './merge-messages.ts';
import { createDeadline } from '../util/deadline.ts';
import { backoffMs, orAborted, sleep } from '../util/time.ts';

/** What one reply may take in the log; beyond it the run fails. */
export const MAX_RUN_BYTES = 8 * 1024 * 1024;
export const MAX_RUN_ENTRIES = 100_000;

/** While so much waits to be written, `emit` waits too: the model is read more slowly. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** So much can only wait where nobody waits for `emit`. */
const OVERFLOW_BYTES = 4 * MAX_WAITING_BYTES;

/** One append takes about this much, so that no single write holds up a store that others share. */
const MAX_BATCH_BYTES = 256 * 1024;

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;

/** A store that loses its tail more often than this while one batch is sent is not worth writing to. */
const MAX_HEALS = 20;

export interface LogWriterOptions {
  store: Pick<SessionStore, 'append' | 'finish'>;
  sessionId: string;
  fence: number;
  /** seq of the first entry. */
  next: number;
  /** What the run has in the log already, from earlier attempts. */
  used: { bytes: number; entries: number };
  /** The store may be away for so long; after that the run stops here. */
  giveUpMs: number;
  /** Waits so long before it writes what was emitted; 0: until the end of the event loop's tick. */
  batchMs: number;
  /** Aborts when the run stops here; then nothing more is sent. */
  signal: AbortSignal;
  /** Called when the writer finds out that the run has to stop here. */
  onStop: (reason: 'lost' | 'store-away') => void;
  logger: Logger;
  /** What its log lines say of the run. */
  logFields: object;
}

/**
 * Writes the log under one lease: it owns the fence and the numbers of the entries.
 *
 * What is emitted in one tick of the event loop, and while an earlier append is under way, goes in one append. What was
 * numbered once keeps its number and its batch, and stays in memory: an append whose answer was lost is sent again as
 * it was, and what a failover has lost is sent again from where the store says.
 *
 * Every promise rejects with `RunStopped` when the run stops here before it is settled.
 */
export interface LogWriter {
  /**
   * Resolves at once, or once less is waiting.
   * @throws FatalError when the run has taken all the log it may.
   */
  emit(message: LogMessage): Promise<void>;
  /** Writes messages together with the result of the step that they end; resolves once that is stored. */
  endStep(messages: readonly LogMessage[], step: StepRecord): Promise<void>;
  /** Writes the last messages of the run, the terminal one at their end, and closes it. */
  finish(messages: readonly LogMessage[], step?: StepRecord): Promise<void>;
  /** Resolves once everything that was emitted is stored. */
  flush(): Promise<void>;
  /** True once `finish` has been stored. */
  readonly finished: boolean;
}

/** Entries that are sent as one, and always as the same one. */
interface Batch {
  readonly seq: number;
  readonly entries: string[];
  readonly step: StepRecord | undefined;
  readonly closes: boolean;
}

/** Messages that are written together; where they end a step or the run, `tail` of them go with its record. */
interface Segment {
  readonly messages: LogMessage[];
  readonly bytes: number;
  readonly tail: number;
  readonly step: StepRecord | undefined;
  readonly closes: boolean;
  readonly stored: () => void;
}

/** Given to whoever need not wait: one for each token would be garbage. */
const AT_ONCE = Promise.resolve();

export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { store, sessionId, fence, giveUpMs, batchMs, signal, onStop, logger, logFields } = options;
  /** What was emitted since the last step ended. */
  const queue = createMessageQueue();
  /** Steps that have ended and are not written yet. */
  const endings: Segment[] = [];
  const sent: Batch[] = [];
  const used = { ...options.used };
  let next = options.next;
  /** Taken from the queue and not acknowledged yet. */
  let takenBytes = 0;
  let cancelTick: (() => void) | null = null;
  /** Ends the wait for the store's answer. */
  let interrupt: ((reason: unknown) => void) | null = null;
  let writing: Promise<void> | null = null;
  let finished = false;
  /** The run has taken all the log it may, and the operator knows. */
  let full = false;
  let waiters: Array<() => void> = [];

  const patience = createDeadline(() => {
    logger.warn({ ...logFields, giveUpMs }, 'The store is away for too long: the run stops here.');
    onStop('store-away');
  });

  function waitingBytes(): number {
    return queue.bytes + takenBytes;
  }

  function somethingWaits(): boolean {
    return queue.length > 0 || endings.length > 0;
  }

  function schedule(): void {
    if (writing || cancelTick || signal.aborted) return;
    const writeNow = () => {
      cancelTick = null;
      void write();
    };
    if (batchMs === 0) {
      cancelTick = atEndOfTick(writeNow);
    } else {
      const timer = setTimeout(writeNow, batchMs);
      cancelTick = () => clearTimeout(timer);
    }
  }

  /** Writes until nothing waits; never rejects. One at a time. */
  function write(): Promise<void> {
    cancelTick?.();
    cancelTick = null;
    writing ??= writeAll().then(() => {
      writing = null;
      if (somethingWaits()) schedule();
    });
    return writing;
  }

  /** Never rejects. */
  async function writeAll(): Promise<void> {
    try {
      while (somethingWaits() && !signal.aborted) {
        const segment = endings.shift() ?? takeQueue();
        for (const batch of cut(segment)) {
          sent.push(batch);
          const answer = await send(batch);
          if (answer.kind === 'gap') await healUpTo(batch, answer.next);
        }
        takenBytes -= segment.bytes;
        if (segment.closes) {
          finished = true;
          patience.stop();
        }
        segment.stored();
        wake();
      }
    } catch (error) {
      if (error instanceof RunStopped) return;
      logger.error({ ...logFields, err: error }, 'The log could not be written.');
      onStop('store-away');
    }
  }

  function takeQueue(ending: Partial<Segment> = {}): Segment {
    const { bytes } = queue;
    takenBytes += bytes;
    return { messages: queue.take(), bytes, tail: 0, step: undefined, closes: false, stored: () => {}, ...ending };
  }

  /** Numbers entries for good, in batches of a bounded size; what ends a step is in the last of them. */
  function cut({ messages, tail, step, closes }: Segment): Batch[] {
    const batches: Batch[] = [];
    let entries: string[] = [];
    let bytes = 0;
    const close = (last: boolean) => {
      batches.push({ seq: next, entries, step: last ? step : undefined, closes: last && closes });
      next += entries.length;
      entries = [];
      bytes = 0;
    };
    messages.forEach((message, index) => {
      const entry = encodeMessage(message);
      const size = byteLength(entry);
      if (bytes > 0 && bytes + size > MAX_BATCH_BYTES && index <= messages.length - tail) close(false);
      entries.push(entry);
      bytes += size;
      used.bytes += size;
      used.entries += 1;
    });
    close(true);
    return batches;
  }

  /** The store has lost what comes from `from` on; sends until it has all of that and the batch. */
  async function healUpTo(batch: Batch, from: number): Promise<void> {
    for (let heals = 0; ; heals += 1) {
      if (heals >= MAX_HEALS || from < options.next) return lose('gap');
      logger.warn({ ...logFields, from }, 'The store has lost entries: they are written again.');
      await heal(from, batch);
      const answer = await send(batch);
      if (answer.kind !== 'gap') return;
      from = answer.next;
    }
  }

  /** Sends again what lies between `from` and `upTo`, as it was sent before. */
  async function heal(from: number, upTo: Batch): Promise<void> {
    for (const batch of sent) {
      if (batch === upTo) return;
      if (batch.seq + batch.entries.length <= from && !(batch.seq >= from && batch.step)) continue;
      const skip = Math.max(0, from - batch.seq);
      const answer = await send({ ...batch, seq: batch.seq + skip, entries: batch.entries.slice(skip) });
      // Lost again, meanwhile: the caller asks anew where to begin.
      if (answer.kind === 'gap') return;
    }
  }

  /** Asks until the store answers; only an answer decides. */
  async function send(batch: Batch): Promise<Exclude<AppendAnswer, { kind: 'fenced' | 'closed' | 'none' }>> {
    const input: AppendInput = {
      fence,
      seq: batch.seq,
      entries: batch.entries,
      ...(batch.step ? { step: batch.step } : {}),
    };
    patience.begin(giveUpMs);
    try {
      for (let failures = 0; ; failures += 1) {
        try {
          const answer = await answerOf(batch.closes ? store.finish(sessionId, input) : store.append(sessionId, input));
          if (answer.kind === 'fenced' || answer.kind === 'closed' || answer.kind === 'none') return lose(answer.kind);
          return answer;
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          if (failures === 0) {
            logger.warn({ ...logFields, err: error }, 'The store did not answer: the log is written again.');
          }
          await sleep(backoffMs(failures, FIRST_RETRY_MS, MAX_RETRY_MS), signal);
        }
      }
    } finally {
      patience.end();
    }
  }

  /** What the store answers, or the signal's reason if that aborts first. One at a time, so that one listener does. */
  function answerOf(asked: Promise<AppendAnswer>): Promise<AppendAnswer> {
    return new Promise((resolve, reject) => {
      interrupt = reject;
      if (signal.aborted) reject(signal.reason);
      asked.then(resolve, reject);
    });
  }

  function lose(kind: string): never {
    logger.info({ ...logFields, kind }, 'Somebody else has the right to write: the run stops here.');
    onStop('lost');
    throw new RunStopped('lost');
  }

  function wake(): void {
    if (waitingBytes() >= MAX_WAITING_BYTES) return;
    const woken = waiters;
    waiters = [];
    for (const resolve of woken) resolve();
  }

  /** Bytes that the run may still take; negative when it has used up its entries. */
  function room(): number {
    return used.entries + queue.length < MAX_RUN_ENTRIES ? MAX_RUN_BYTES - used.bytes - waitingBytes() : -1;
  }

  function tooLong(): FatalError {
    if (!full) {
      const most = `${MAX_RUN_BYTES} bytes, ${MAX_RUN_ENTRIES} entries`;
      logger.warn(logFields, `The answer takes more of the log than one answer may (${most}): the run fails.`);
    }
    full = true;
    const detail = 'The answer grew longer than one answer may be.';
    return new FatalError(createProblem('model-failed', { detail, retryable: false }));
  }

  function end(messages: readonly LogMessage[], step: StepRecord | undefined, closes: boolean): Promise<void> {
    const stored = new Promise<void>((resolve) => {
      for (const message of messages) queue.push(message);
      endings.push(takeQueue({ tail: messages.length, step, closes, stored: resolve }));
    });
    void write();
    return orAborted(stored, signal);
  }

  const onAbort = () => {
    cancelTick?.();
    interrupt?.(signal.reason);
    patience.stop();
  };
  signal.addEventListener('abort', onAbort, { once: true });

  return {
    emit(message) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (waitingBytes() > OVERFLOW_BYTES) return Promise.reject(new Error('emit() was not waited for'));
      if (!queue.push(message, room())) return Promise.reject(tooLong());
      schedule();
      if (waitingBytes() < MAX_WAITING_BYTES) return AT_ONCE;
      return orAborted(new Promise<void>((resolve) => waiters.push(resolve)), signal);
    },

    async endStep(messages, step) {
      signal.throwIfAborted();
      const size = messages.reduce((bytes, message) => bytes + byteLength(encodeMessage(message)), 0);
      if (size > room()) throw tooLong();
      await end(messages, step, false);
    },

    async finish(messages, step) {
      signal.throwIfAborted();
      await end(messages, step, true);
    },

    async flush() {
      while (somethingWaits() || writing) {
        signal.throwIfAborted();
        await orAborted(write(), signal);
      }
    },

    get finished() {
      return finished;
    },
  };
}
