import type { Logger } from '../../util/logger.ts';
import type { SessionRepository } from './session-repository.ts';
import type { TickTransactions } from './tick-transactions.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** Keeps the write buffer short. Returns what to call after each commit; it rarely does anything. */
export function createWriteBufferUpkeep(options: {
  buffer: WriteBuffer;
  sessions: SessionRepository;
  transactions: TickTransactions;
  logger: Logger | undefined;
}): () => void {
  const { buffer, sessions, transactions, logger } = options;
  let isBusy = false;

  async function shorten(overdue: string[]): Promise<void> {
    await Promise.all(overdue.map((sessionId) => transactions.write(() => sessions.settleNow(sessionId))));
    const confirm = await transactions.write(() => buffer.cut());
    confirm();
  }

  return () => {
    if (isBusy || transactions.isClosed()) return;
    const overdue = buffer.findOverdue();
    if (overdue.length === 0 && !buffer.isCutDue()) return;
    isBusy = true;
    shorten(overdue)
      .catch((error: unknown) =>
        logger?.warn({ err: error }, 'The write buffer could not be shortened; the next commit tries again'),
      )
      .finally(() => {
        isBusy = false;
      });
  };
}
