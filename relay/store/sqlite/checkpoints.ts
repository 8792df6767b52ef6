import { open } from 'node:fs/promises';
import type { Logger } from '../../util/logger.ts';
import { StoreError } from '../store-error.ts';
import type { Statements } from './statements.ts';

export interface Checkpoints {
  /** To be called after each commit, with the number of characters that it wrote: there is rarely anything to do. */
  afterCommit(size: number): void;
  /**
   * Moves all that is committed by then into the database, and cuts the log to nothing; in one go for all who ask
   * meanwhile. When the database is closed first that has done it.
   *
   * @throws StoreError when the log could not be emptied.
   */
  empty(): Promise<void>;
}

/** What a commit writes besides its texts, in pages of the log, and how many characters fill one: each is written twice. */
const PAGES_PER_COMMIT = 2;
const CHARACTERS_PER_PAGE = 2048;

/**
 * Moves the write-ahead log into the database without making the process wait for the disk. A checkpoint has the log
 * written to the disk first, megabytes of it, and SQLite waits for that where it runs, which is the event loop: with
 * 100 replies at once that held up everything for 15 to 25 ms every few seconds. Here the operating system is told to
 * write them beforehand, in another thread, so that little is left to wait for, a third or less. What a checkpoint does, and in
 * which order, stays SQLite's.
 *
 * How much is in the log is estimated. Where that is too low, or the disk too slow, SQLite makes a checkpoint by itself.
 */
export function createCheckpoints(options: {
  /** Of the write-ahead log. */
  path: string;
  /** So many pages are worth a checkpoint. */
  everyPages: number;
  statements: Statements;
  /** Then the database must not be touched any more. */
  isClosed: () => boolean;
  logger: Logger | undefined;
}): Checkpoints {
  const { path, everyPages, statements, isClosed, logger } = options;
  let pages = 0;
  let busy = false;
  let emptying: Promise<void> | null = null;

  async function writeOut(): Promise<void> {
    // SQLite's locks are on the database and not on this file: closing it lets go of none (fcntl(2)).
    const log = await open(path, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  async function move(): Promise<void> {
    await writeOut();
    if (!isClosed()) statements.checkpoint.get();
  }

  async function emptyLog(): Promise<void> {
    try {
      await writeOut();
      if (isClosed()) return;
      // Whoever asks from here on may have committed what this does not move.
      emptying = null;
      const answer = statements.emptyLog.get();
      if (answer?.['busy'] !== 0) throw new StoreError('store-unavailable', 'the write-ahead log could not be emptied');
      pages = 0;
    } catch (error) {
      emptying = null;
      // Closing the database moves what is left, and deletes the file.
      if (isClosed()) return;
      throw error instanceof StoreError
        ? error
        : new StoreError('store-unavailable', 'the write-ahead log could not be emptied', { cause: error });
    }
  }

  return {
    afterCommit(size) {
      pages += PAGES_PER_COMMIT + size / CHARACTERS_PER_PAGE;
      if (pages < everyPages || busy) return;
      pages = 0;
      busy = true;
      move()
        .catch((error: unknown) => {
          if (!isClosed()) logger?.warn({ err: error }, 'the write-ahead log could not be moved into the database');
        })
        .finally(() => {
          busy = false;
        });
    },
    empty: () => (emptying ??= emptyLog()),
  };
}
