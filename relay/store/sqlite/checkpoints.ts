import { open } from 'node:fs/promises';
import type { Logger } from '../../util/logger.ts';
import { StoreError } from '../store-error.ts';
import type { Statements } from './statements.ts';

/** Checkpoints of the write-ahead log. */
export interface Checkpoints {
  /** Call after each commit, with the number of characters that it wrote. Rarely does anything. */
  afterCommit(size: number): void;
  /**
   * Moves everything that is committed by now into the database and truncates the write-ahead log; once for all who ask
   * meanwhile. When the database is closed first, closing has done it.
   *
   * @throws StoreError when the log could not be emptied.
   */
  empty(): Promise<void>;
  /** Resolves when no checkpoint is under way. Never rejects. */
  settled(): Promise<void>;
}

/** Pages (4 KiB) of the write-ahead log that a commit fills besides its texts. */
const PAGES_PER_COMMIT = 2;
/** Characters that fill one page: each text is written twice, to the write buffer and then to the log. */
const CHARACTERS_PER_PAGE = 2048;

/**
 * Moves the write-ahead log into the database without blocking the event loop on the disk. A checkpoint syncs the log
 * first, megabytes of it, and SQLite waits for that on the thread it runs on: with 100 replies at once that blocked the
 * process for 15 to 25 ms every few seconds. Here the file is synced beforehand on a thread of libuv's pool, which leaves
 * a third of the wait or less. What a checkpoint does, and in which order, stays SQLite's.
 *
 * The size of the log is estimated. Where the estimate is too low, or the disk too slow, SQLite makes a checkpoint itself.
 */
export function createCheckpoints(options: {
  /** Path of the write-ahead log. */
  path: string;
  /** Pages in the log that are worth a checkpoint. */
  everyPages: number;
  statements: Statements;
  /** Once true, the database must not be touched any more. */
  isClosed: () => boolean;
  logger: Logger | undefined;
}): Checkpoints {
  const { path, everyPages, statements, isClosed, logger } = options;
  let pages = 0;
  let moving: Promise<void> | null = null;
  let emptying: Promise<void> | null = null;

  async function syncLog(): Promise<void> {
    // SQLite's locks are on the database and not on this file: closing it releases none of them (fcntl(2)).
    const log = await open(path, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  /** Never rejects. */
  async function moveLog(): Promise<void> {
    try {
      await syncLog();
      if (!isClosed()) statements.checkpoint.get();
    } catch (error) {
      // Closing the database moves what is left, and deletes the file.
      if (!isClosed()) logger?.warn({ err: error }, 'The write-ahead log could not be moved into the database');
    } finally {
      moving = null;
    }
  }

  async function emptyLog(): Promise<void> {
    try {
      await syncLog();
      if (isClosed()) return;
      // This checkpoint may miss commits made from here on, so a caller that asks now needs another one.
      emptying = null;
      const answer = statements.emptyLog.get();
      if (answer?.['busy'] !== 0) throw new StoreError('store-unavailable', 'the write-ahead log could not be emptied');
      pages = 0;
    } catch (error) {
      emptying = null;
      // As in moveLog.
      if (isClosed()) return;
      throw error instanceof StoreError
        ? error
        : new StoreError('store-unavailable', 'the write-ahead log could not be emptied', { cause: error });
    }
  }

  return {
    afterCommit(size) {
      pages += PAGES_PER_COMMIT + size / CHARACTERS_PER_PAGE;
      if (pages < everyPages || moving) return;
      pages = 0;
      moving = moveLog();
    },
    empty: () => (emptying ??= emptyLog()),
    async settled() {
      await Promise.allSettled([moving, emptying]);
    },
  };
}
