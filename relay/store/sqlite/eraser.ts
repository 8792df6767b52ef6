import type { Logger } from '../../util/logger.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';
import type { TickTransactions } from './tick-transactions.ts';

/** Erases sessions. */
export interface Eraser {
  /** Resolves once nothing of the session is left in the files but its tombstone. */
  delete(sessionId: string): Promise<void>;
  /** Erases a session that a read found to have expired; its followers are told. */
  expire(sessionId: string): void;
  /** Ends the sweeps. */
  stop(): void;
}

/** Sessions erased per sweep: bounds how long a tick is blocked. */
const MAX_SESSIONS_PER_SWEEP = 50;
/** Tombstones deleted per sweep, for the same reason. */
const MAX_TOMBSTONES_PER_SWEEP = 1_000;

/** A quarter of a session's lifetime lies between two sweeps, within these bounds. */
const MIN_SWEEP_INTERVAL_MS = 100;
const MAX_SWEEP_INTERVAL_MS = 30_000;

/** Erases sessions when asked to, and sweeps up those that have expired. */
export function createEraser(options: {
  sessions: SessionRepository;
  statements: Statements;
  transactions: TickTransactions;
  /** Empties the write-ahead log; see `Checkpoints.empty`. */
  emptyLog: () => Promise<void>;
  logger: Logger | undefined;
}): Eraser {
  const { sessions, statements, transactions, emptyLog, logger } = options;
  const intervalMs = Math.min(Math.max(sessions.ttlMs / 4, MIN_SWEEP_INTERVAL_MS), MAX_SWEEP_INTERVAL_MS);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let emptying: Promise<void> = Promise.resolve();

  /** Removes what was erased from the write-ahead log as well. Also waits for a removal that others have begun. */
  async function emptyLogIfErased(): Promise<void> {
    if (sessions.erased && !stopped) {
      sessions.erased = false;
      emptying = emptyLog();
    }
    try {
      await emptying;
    } catch (error) {
      sessions.erased = true;
      throw error;
    }
  }

  async function sweep(): Promise<void> {
    const expired = statements.findExpired
      .all(sessions.now(), MAX_SESSIONS_PER_SWEEP)
      .map((row) => String(row['session_id']));
    // An operation for each: `find` erases what has expired.
    await Promise.all(expired.map((sessionId) => transactions.write(() => void sessions.find(sessionId))));
    await transactions.write(() => void statements.deleteOldTombstones.run(sessions.now(), MAX_TOMBSTONES_PER_SWEEP));
    await emptyLogIfErased();
    schedule(expired.length === MAX_SESSIONS_PER_SWEEP ? MIN_SWEEP_INTERVAL_MS : intervalMs);
  }

  function schedule(delayMs: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      sweep().catch((error: unknown) => {
        if (stopped) return;
        logger?.error({ err: error }, 'Expired sessions could not be erased; the next sweep tries again');
        schedule(intervalMs);
      });
    }, delayMs);
    timer.unref();
  }

  schedule(intervalMs);

  return {
    async delete(sessionId) {
      await transactions.write(() => {
        const found = sessions.find(sessionId);
        if (found.kind === 'gone') return;
        sessions.bury(sessionId, found.kind === 'open' ? found.record : null, sessions.tombstoneUntil(sessions.now()));
      });
      await emptyLogIfErased();
    },

    expire(sessionId) {
      if (stopped) return;
      transactions
        .write(() => void sessions.find(sessionId))
        .catch((error: unknown) =>
          logger?.warn({ err: error }, 'An expired session could not be erased; the next sweep tries again'),
        );
    },

    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
