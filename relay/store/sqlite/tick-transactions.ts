import { atEndOfTick } from '../../util/end-of-tick.ts';
import { StoreError } from '../store-error.ts';
import { toStoreError } from './sqlite-errors.ts';
import type { Statements } from './statements.ts';

/** What is kept in memory about a transaction, and must be kept or dropped with it. */
export interface UnitOfWork {
  /** The operation's writes are part of the transaction. */
  keepOperation(): void;
  /** The operation's writes were undone. */
  undoOperation(): void;
  /** The transaction is committed: all that was kept holds from now on. `size`: of what was written, in characters. */
  commit(size: number): void;
  /** The transaction was undone. */
  rollback(): void;
}

export interface TickTransactions {
  /**
   * Runs `operation` in the transaction of this tick, in order; resolves with what it returned once that is committed.
   * It may run twice, the first time being undone: it keeps nothing but in the database and the unit of work.
   *
   * @param size of what it writes, in characters.
   * @throws StoreError when nothing of it was written, or too much waits already.
   */
  write<Answer>(operation: () => Answer, size?: number): Promise<Answer>;
  /** Commits what waits, and takes no more. */
  close(): void;
  isClosed(): boolean;
}

/** What may wait for a transaction. Only what is asked for within one tick ever waits, so this is far off. */
const MAX_WAITING_OPERATIONS = 65_536;
const MAX_WAITING_SIZE = 256 * 1024 * 1024;

/** So that a crowded tick does not keep the process from everything else: the rest goes into the next. */
const MAX_OPERATIONS_PER_TRANSACTION = 2_048;

interface Waiting {
  run: () => unknown;
  size: number;
  resolve: (answer: never) => void;
  reject: (error: unknown) => void;
  answer?: unknown;
  error?: unknown;
}

/**
 * One transaction per tick of the event loop for everything that is written in it: a commit costs more than a hundred
 * inserts do. One operation that fails takes no other with it.
 */
export function createTickTransactions(
  statements: Statements,
  work: UnitOfWork,
  inTransaction: () => boolean,
): TickTransactions {
  let waiting: Waiting[] = [];
  let waitingSize = 0;
  let scheduled = false;
  let closed = false;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    atEndOfTick(flush);
  }

  function flush(): void {
    scheduled = false;
    if (waiting.length === 0) return;
    let batch = waiting;
    if (batch.length > MAX_OPERATIONS_PER_TRANSACTION) {
      batch = waiting.slice(0, MAX_OPERATIONS_PER_TRANSACTION);
      waiting = waiting.slice(MAX_OPERATIONS_PER_TRANSACTION);
      setImmediate(schedule);
    } else {
      waiting = [];
    }
    let size = 0;
    for (const operation of batch) size += operation.size;
    waitingSize -= size;
    commitAll(batch, size);
  }

  /**
   * Nearly always nothing fails, and a savepoint costs as much as the insert it guards: so the operations run without
   * first, and once more with one each if any of them failed.
   */
  function commitAll(batch: Waiting[], size: number): void {
    let failure = tryAll(batch, size, runPlainly);
    // An operation that is alone needs no other way to be undone.
    if (failure && !failure.isFinal && batch.length > 1) failure = tryAll(batch, size, runGuarded);
    if (failure) for (const operation of batch) operation.reject(failure.error);
  }

  /** Runs, commits and answers; or undoes everything, and says why. Final: running again would not help. */
  function tryAll(
    batch: Waiting[],
    size: number,
    runOne: (operation: Waiting) => void,
  ): { error: unknown; isFinal: boolean } | null {
    let isFinal = false;
    try {
      statements.begin.run();
      for (const operation of batch) runOne(operation);
      isFinal = true;
      statements.commit.run();
    } catch (error) {
      // Nothing of the tick was written: whoever asked may ask again.
      const failure = undoAll(error);
      work.rollback();
      return { error: failure, isFinal: isFinal || inTransaction() };
    }
    // Only what is committed is told to anybody.
    work.commit(size);
    for (const operation of batch) {
      if (operation.error === undefined) operation.resolve(operation.answer as never);
      else operation.reject(toStoreError(operation.error));
    }
    return null;
  }

  /** The error that made it necessary, or both if undoing failed too: then each later transaction fails as well. */
  function undoAll(error: unknown): unknown {
    try {
      if (inTransaction()) statements.rollback.run();
      return toStoreError(error);
    } catch (rollbackError) {
      const cause = new AggregateError([error, rollbackError]);
      return new StoreError('store-unavailable', 'the transaction could not be undone', { cause });
    }
  }

  function runPlainly(operation: Waiting): void {
    operation.answer = operation.run();
    work.keepOperation();
  }

  function runGuarded(operation: Waiting): void {
    statements.savepoint.run();
    try {
      operation.answer = operation.run();
      statements.release.run();
      work.keepOperation();
    } catch (error) {
      // Some errors (a full disk among them) make SQLite undo the whole transaction by itself.
      if (!inTransaction()) throw error;
      statements.rollbackTo.run();
      statements.release.run();
      work.undoOperation();
      operation.error = error;
    }
  }

  return {
    write<Answer>(run: () => Answer, size = 0): Promise<Answer> {
      if (closed) return Promise.reject(new StoreError('store-unavailable', 'the store is closed'));
      if (waiting.length >= MAX_WAITING_OPERATIONS || waitingSize + size > MAX_WAITING_SIZE) {
        return Promise.reject(new StoreError('store-unavailable', 'too many operations wait for the database'));
      }
      waitingSize += size;
      schedule();
      return new Promise<Answer>((resolve, reject) => waiting.push({ run, size, resolve, reject }));
    },

    isClosed: () => closed,

    close() {
      closed = true;
      while (waiting.length > 0) flush();
    },
  };
}
