import { atEndOfTick } from '../../util/end-of-tick.ts';
import { StoreError } from '../store-error.ts';
import { toStoreError } from './sqlite-errors.ts';
import type { Statements } from './statements.ts';

/** State in memory that must be kept or dropped together with a transaction. */
export interface UnitOfWork {
  /** An operation is finished: its writes are part of the transaction. */
  keepOperation(): void;
  /** An operation has failed: its writes were undone. */
  undoOperation(): void;
  /** The transaction is committed: whatever was kept holds from now on. `length`: characters written. */
  commit(length: number): void;
  /** The whole transaction was undone. */
  rollback(): void;
}

/** Transactions, one per tick. */
export interface TickTransactions {
  /**
   * Runs `operation` in this tick's transaction, in order, and resolves with its answer once that is committed. The
   * operation may run twice, the first time being undone: it keeps state only in the database and the unit of work.
   *
   * @param length characters that it writes.
   * @throws StoreError when nothing of it was written, or too many operations wait already.
   */
  write<Answer>(operation: () => Answer, length?: number): Promise<Answer>;
  /** Commits what waits. Later operations are rejected. */
  close(): void;
  isClosed(): boolean;
}

/** Operations that may wait for a transaction. Only operations of the same tick wait, so this is rarely reached. */
const MAX_WAITING_OPERATIONS = 65_536;
/** Characters that the waiting operations write, at most. */
const MAX_WAITING_LENGTH = 256 * 1024 * 1024;

/** Bounds how long a crowded tick blocks the process; the rest goes into the next tick. */
const MAX_OPERATIONS_PER_TRANSACTION = 2_048;

interface Waiting {
  run: () => unknown;
  length: number;
  resolve: (answer: never) => void;
  reject: (error: unknown) => void;
  answer?: unknown;
  error?: unknown;
}

/**
 * One transaction per tick of the event loop for everything that is written in it: a commit costs more than a hundred
 * inserts. An operation that fails does not affect the others.
 */
export function createTickTransactions(
  statements: Statements,
  work: UnitOfWork,
  inTransaction: () => boolean,
): TickTransactions {
  let waiting: Waiting[] = [];
  let waitingLength = 0;
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
    let length = 0;
    for (const operation of batch) length += operation.length;
    waitingLength -= length;
    commitAll(batch, length);
  }

  /**
   * A savepoint costs as much as the insert it guards, and operations rarely fail. So they run without savepoints first,
   * and once more, with a savepoint each, if one of them failed.
   */
  function commitAll(batch: Waiting[], length: number): void {
    let failure = tryAll(batch, length, runPlainly);
    // A single operation was undone with its transaction.
    if (failure && !failure.isFinal && batch.length > 1) failure = tryAll(batch, length, runGuarded);
    if (failure) for (const operation of batch) operation.reject(failure.error);
  }

  /** Runs, commits and answers; or undoes everything and returns the error. `isFinal`: running again would not help. */
  function tryAll(
    batch: Waiting[],
    length: number,
    runOne: (operation: Waiting) => void,
  ): { error: unknown; isFinal: boolean } | null {
    let isFinal = false;
    try {
      statements.begin.run();
      for (const operation of batch) runOne(operation);
      isFinal = true;
      statements.commit.run();
    } catch (error) {
      // Nothing of the tick was written: callers may ask again.
      const failure = undoAll(error);
      work.rollback();
      return { error: failure, isFinal: isFinal || inTransaction() };
    }
    // Followers are told only of what is committed.
    work.commit(length);
    for (const operation of batch) {
      if (operation.error === undefined) operation.resolve(operation.answer as never);
      else operation.reject(toStoreError(operation.error));
    }
    return null;
  }

  /** Rolls back. Returns the error that made it necessary, or both if that fails too: then later transactions fail too. */
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
      // After some errors (a full disk among them) SQLite has rolled back the whole transaction itself.
      if (!inTransaction()) throw error;
      statements.rollbackTo.run();
      statements.release.run();
      work.undoOperation();
      operation.error = error;
    }
  }

  return {
    write<Answer>(run: () => Answer, length = 0): Promise<Answer> {
      if (closed) return Promise.reject(new StoreError('store-unavailable', 'the store is closed'));
      if (waiting.length >= MAX_WAITING_OPERATIONS || waitingLength + length > MAX_WAITING_LENGTH) {
        return Promise.reject(new StoreError('store-unavailable', 'too many operations wait for the database'));
      }
      waitingLength += length;
      schedule();
      return new Promise<Answer>((resolve, reject) => waiting.push({ run, length, resolve, reject }));
    },

    isClosed: () => closed,

    close() {
      closed = true;
      while (waiting.length > 0) flush();
    },
  };
}
