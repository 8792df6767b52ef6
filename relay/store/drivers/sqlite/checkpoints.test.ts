import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { claimInput, submitInput, TTL_MS } from '../../conformance/store-harness.ts';
import { openDatabase } from './open-database.ts';
import { createSqliteStore } from './sqlite-store.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const TEXT = JSON.stringify('x'.repeat(10_000));

it('moves the write-ahead log into the database long before SQLite would, while commits go on', async () => {
  const path = join(temporaryFolder(), 'relay.db');
  const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: TTL_MS, checkpointPages: 64 });
  onTestFinished(() => store.close());
  const sessionId = newId();
  await store.submit(sessionId, submitInput());
  const answer = await store.claim(sessionId, claimInput());
  if (answer.kind !== 'lease') throw new Error(answer.kind);

  const before = statSync(path).size;
  let seq = 1;
  await vi.waitFor(
    async () => {
      expect(await store.append(sessionId, { fence: answer.lease.fence, seq, entries: [TEXT] })).toMatchObject({ kind: 'ok' });
      seq += 1;
      // What SQLite moves by itself is 32 MB.
      expect(statSync(path).size - before).toBeGreaterThan(100_000);
    },
    { interval: 2, timeout: 10_000 },
  );
  expect(statSync(`${path}-wal`).size).toBeLessThan(16 * 1024 * 1024);
});

it('lets the store be closed while the disk is written to', async () => {
  const path = join(temporaryFolder(), 'relay.db');
  const warn = vi.fn<() => void>();
  const logger = { debug: warn, info: warn, warn, error: warn };
  const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: TTL_MS, checkpointPages: 1, logger });
  await store.submit(newId(), submitInput());
  await store.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(warn).not.toHaveBeenCalled();
});
