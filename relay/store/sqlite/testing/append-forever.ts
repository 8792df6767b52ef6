import { randomInt } from 'node:crypto';
import { createSqliteStore } from '../sqlite-store.ts';
import { openDatabase } from '../open-database.ts';

/**
 * A process to be killed: writes to a few sessions at once, as fast as it can, and prints each cursor that was
 * acknowledged, `<session> <fence> <seq>` a line. Sessions are named after the round, so that each process has its own.
 */
const [path = '', round = ''] = process.argv.slice(2);
const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: 3_600_000 });
process.stdout.write('open\n');

await Promise.all(Array.from({ length: 8 }, (_, index) => writeTo(`session-${round}-${index}-0123456789`)));

async function writeTo(sessionId: string): Promise<never> {
  for (;;) {
    await store.submit(sessionId, {
      messageId: `m${randomInt(2 ** 40)}`,
      hash: '',
      runId: `r${randomInt(2 ** 40)}`,
      entries: ['{}'],
    });
    const answer = await store.claim(sessionId, {
      token: `t${randomInt(2 ** 40)}`,
      owner: 'child',
      leaseMs: 60_000,
      maxAttempts: 3,
      takeover: { kind: 'restart' },
    });
    if (answer.kind !== 'lease') throw new Error(`no lease: ${answer.kind}`);
    const { fence } = answer.lease;
    for (let seq = 1; seq <= 200; seq += 1) {
      const operation = seq === 200 ? store.finish : store.append;
      const written = await operation(sessionId, { fence, seq, entries: [JSON.stringify(`${fence}-${seq}`)] });
      if (written.kind !== 'ok') throw new Error(`not written: ${written.kind}`);
      process.stdout.write(`${sessionId} ${fence} ${seq}\n`);
    }
  }
}
