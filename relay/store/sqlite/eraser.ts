import type { Logger } from '../../util/logger.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';
import type { TickTransactions } from './tick-transactions.ts';

export interface Eraser {
  /** Resolves once nothing of the session is left in the files, but for its tombstone. */
  delete(sessionId: string): Promise<void>;
  /** Erases a session that a read found to have expired; its followers are told. */
  expire(sessionId: string): void;
  stop(): void;
}

/** Sessions that one sweep erases, and tombstones that it takes away: so many that no tick takes long. */
const MAX_SESSIONS_PER_SWEEP = 50;
const MAX_TOMBSTONES_PER_SWEEP = 1_000;

const MIN_SWEEP_INTERVAL_MS = 100;
const MAX_SWEEP_INTERVAL_MS = 30_000;

/** Erases sessions: when asked to, and when their time is over. */
export function createEraser(options: {
  sessions: SessionRepository;
  statements: Statements;
  transactions: TickTransactions;
  /** Empties the write-ahead log; see `Checkpoints`. */
  emptyLog: () => Promise<void>;
  logger: Logger | undefined;
}): Eraser {
  const { sessions, statements, transactions, emptyLog, logger } = options;
  const intervalMs = Math.min(Math.max(sessions.ttlMs / 4, MIN_SWEEP_INTERVAL_MS), MAX_SWEEP_INTERVAL_MS);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let cleaning: Promise<void> = Promise.resolve();

  /** What was erased still stands in the write-ahead log: empties it. Also waits for what others have begun of that. */
  async function clean(): Promise<void> {
    if (sessions.erased && !stopped) {
      sessions.erased = false;
      cleaning = emptyLog();
    }
    try {
      await cleaning;
    } catch (error) {
      sessions.erased = true;
      throw error;
    }
  }

  async function sweep(): Promise<void> {
    const expired = statements.findExpired
      .all(sessions.now(), MAX_SESSIONS_PER_SWEEP)
      .map((row) => String(row['session_id']));
    // Each in an operation of its own. To find what has expired is to erase it.
    await Promise.all(expired.map((sessionId) => transactions.write(() => void sessions.find(sessionId))));
    await transactions.write(() => void statements.deleteOldTombstones.run(sessions.now(), MAX_TOMBSTONES_PER_SWEEP));
    await clean();
    schedule(expired.length === MAX_SESSIONS_PER_SWEEP ? MIN_SWEEP_INTERVAL_MS : intervalMs);
  }

  function schedule(delayMs: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      sweep().catch((error: unknown) => {
        if (stopped) return;
        logger?.error({ err: error }, 'sessions that have expired could not be erased');
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
      await clean();
    },

    expire(sessionId) {
      if (stopped) return;
      // The reader has its answer, and the next sweep tries again.
      transactions
        .write(() => void sessions.find(sessionId))
        .catch((error: unknown) => logger?.warn({ err: error }, 'a session that has expired could not be erased'));
    },

    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
