import type { Logger } from '../../util/logger.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Tail } from './write-buffer.ts';
import type { TickTransactions } from './tick-transactions.ts';

/** Keeps the tail short. Returns a function to be called after each commit: there is rarely anything to do. */
export function createTailUpkeep(options: {
  tail: Tail;
  sessions: SessionRepository;
  transactions: TickTransactions;
  logger: Logger | undefined;
}): () => void {
  const { tail, sessions, transactions, logger } = options;
  let busy = false;

  async function work(overdue: string[]): Promise<void> {
    await Promise.all(overdue.map((sessionId) => transactions.write(() => sessions.settleNow(sessionId))));
    const cut = await transactions.write(() => tail.cut());
    cut();
  }

  return () => {
    if (busy || transactions.isClosed()) return;
    const overdue = tail.findOverdue();
    if (overdue.length === 0 && !tail.isCutDue()) return;
    busy = true;
    work(overdue)
      // The tail is longer than it should be; the next commit tries again.
      .catch((error: unknown) => logger?.warn({ err: error }, 'the tail of the store could not be cut'))
      .finally(() => {
        busy = false;
      });
  };
}
