import type { AppendAnswer, AppendInput, SessionStore } from '../../store/session-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { createDeadline } from '../../util/deadline.ts';
import type { Logger } from '../../util/logger.ts';
import { backoffMs } from '../../util/backoff.ts';
import { sleep } from '../../util/sleep.ts';
import { RunStopped, type Loss, type OnStop } from '../errors.ts';
import type { Batch } from './batches.ts';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;

/** Times that one batch is healed; a store that loses its newest entries more often is not worth writing to. */
const MAX_HEALS = 20;

export interface BatchSenderOptions {
  store: Pick<SessionStore, 'append' | 'finish'>;
  sessionId: string;
  fence: number;
  /** seq of the first entry under this fence that is the writer's own. */
  first: number;
  /** How long the store may be away, in ms; after that the run stops here. */
  giveUpMs: number;
  /** Aborts when the run stops here; nothing is sent after that. */
  signal: AbortSignal;
  onStop: OnStop;
  logger: Logger;
  /** Fields of every log line. */
  logFields: object;
}

/** Sends numbered batches, one at a time, until the store has them. */
export interface BatchSender {
  /**
   * Resolves once the batch, and all that was sent before it, is stored. A batch whose answer was lost is sent again as
   * it was; what a failover has lost is sent again from where the store says.
   *
   * @throws RunStopped when the run stops here first.
   */
  send(batch: Batch): Promise<void>;
  /** Leaves no timer behind. */
  close(): void;
}

type Written = Exclude<AppendAnswer, { kind: 'fenced' | 'closed' | 'none' }>;

/** Keeps every batch in memory for as long as the run is under way: a failover may lose any of them. */
export function createBatchSender(options: BatchSenderOptions): BatchSender {
  const { store, sessionId, fence, first, giveUpMs, signal, onStop, logger, logFields } = options;
  const sent: Batch[] = [];
  /** Ends the wait for the store's answer. One batch is under way at a time, so one listener is enough. */
  let interrupt: ((reason: unknown) => void) | null = null;

  const patience = createDeadline(() => {
    logger.warn({ ...logFields, giveUpMs }, 'The store has not answered for too long: the run stops here');
    onStop('store-away');
  });
  const onAbort = () => {
    interrupt?.(signal.reason);
    patience.stop();
  };
  signal.addEventListener('abort', onAbort, { once: true });

  function lose(loss: Loss): never {
    onStop('lost', loss);
    throw new RunStopped('lost', loss);
  }

  /** Retries until the store answers: only an answer decides. */
  async function append(batch: Batch): Promise<Written> {
    const { seq, step } = batch;
    const input: AppendInput = { fence, seq, entries: [...batch.entries], ...(step ? { step } : {}) };
    patience.begin(giveUpMs);
    try {
      for (let failures = 0; ; failures += 1) {
        try {
          const asked = batch.closes ? store.finish(sessionId, input) : store.append(sessionId, input);
          const answer = await orInterrupted(asked);
          if (answer.kind === 'fenced' || answer.kind === 'closed' || answer.kind === 'none') return lose(answer.kind);
          return answer;
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          if (failures === 0) logger.warn({ ...logFields, err: error }, 'A write to the store failed: retrying');
          await sleep(backoffMs(failures, FIRST_RETRY_MS, MAX_RETRY_MS), signal);
        }
      }
    } finally {
      patience.end();
    }
  }

  function orInterrupted<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      interrupt = reject;
      if (signal.aborted) reject(signal.reason);
      asked.then(resolve, reject);
    });
  }

  /** The store has lost the entries from `from` on; sends until it has them and the batch. */
  async function healUpTo(batch: Batch, from: number): Promise<void> {
    for (let heals = 0; ; heals += 1) {
      // What lies before the first entry is the claim's own, which this writer cannot write again.
      if (heals >= MAX_HEALS || from < first) return lose('gap');
      logger.warn({ ...logFields, from }, 'The store has lost entries: writing them again');
      await heal(from, batch);
      const answer = await append(batch);
      if (answer.kind !== 'gap') return;
      from = answer.next;
    }
  }

  /** Sends again what lies between `from` and `upTo`, under its old numbers. */
  async function heal(from: number, upTo: Batch): Promise<void> {
    for (const batch of sent) {
      if (batch === upTo) return;
      if (batch.seq + batch.entries.length <= from && !(batch.seq >= from && batch.step)) continue;
      const skip = Math.max(0, from - batch.seq);
      const answer = await append({ ...batch, seq: batch.seq + skip, entries: batch.entries.slice(skip) });
      // Lost again meanwhile: the caller asks anew where to begin.
      if (answer.kind === 'gap') return;
    }
  }

  return {
    async send(batch) {
      sent.push(batch);
      const answer = await append(batch);
      if (answer.kind === 'gap') await healUpTo(batch, answer.next);
    },
    close() {
      patience.stop();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
