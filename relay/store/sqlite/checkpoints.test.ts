import { readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { claimInput, submitInput, TTL_MS } from '../testing/conformance/store-harness.ts';
import { openDatabase } from './open-database.ts';
import { createSqliteStore } from './sqlite-store.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const TEXT = JSON.stringify('x'.repeat(10_000));

it('makes checkpoints long before SQLite would, while commits go on', async () => {
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
      expect(await store.append(sessionId, { fence: answer.lease.fence, seq, entries: [TEXT] })).toMatchObject({
        kind: 'ok',
      });
      seq += 1;
      // SQLite makes a checkpoint itself at 32 MB.
      expect(statSync(path).size - before).toBeGreaterThan(100_000);
    },
    { interval: 2, timeout: 10_000 },
  );
  expect(statSync(`${path}-wal`).size).toBeLessThan(16 * 1024 * 1024);
});

it('lets the store be closed while a checkpoint is under way', async () => {
  const path = join(temporaryFolder(), 'relay.db');
  const warn = vi.fn<() => void>();
  const logger = { debug: warn, info: warn, warn, error: warn };
  const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: TTL_MS, checkpointPages: 1, logger });
  await store.submit(newId(), submitInput());
  await store.close();
  expect(warn).not.toHaveBeenCalled();
});

it('erases deleted sessions from the files before it answers, also when several are deleted at once', async () => {
  const path = join(temporaryFolder(), 'relay.db');
  const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: TTL_MS });
  onTestFinished(() => store.close());
  const isInFiles = (text: string) => [path, `${path}-wal`].some((file) => readFileSync(file).includes(text));
  const names = Array.from({ length: 5 }, (_, index) => `what number ${index} has said`);
  const sessions = names.map(() => newId());
  for (const [index, sessionId] of sessions.entries())
    await store.submit(sessionId, { ...submitInput(), entries: [JSON.stringify(names[index])] });
  expect(names.map(isInFiles)).toEqual(names.map(() => true));

  // The first deletion is under way when the others are asked for; the last session is deleted already.
  const deletions: Promise<void>[] = [];
  for (const sessionId of [...sessions, sessions[0] ?? '']) {
    deletions.push(store.delete(sessionId));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [index, deletion] of deletions.entries()) {
    await deletion;
    expect(isInFiles(names[index % names.length] ?? '')).toBe(false);
  }
});

it('lets the event loop go on while the log is emptied', async () => {
  const path = join(temporaryFolder(), 'relay.db');
  const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: TTL_MS });
  onTestFinished(() => store.close());
  const sessionId = newId();
  await store.submit(sessionId, submitInput());
  const order: string[] = [];
  const deletion = store.delete(sessionId).then(() => order.push('deleted'));
  setImmediate(() => order.push('the loop has turned'));
  await deletion;
  expect(order).toEqual(['the loop has turned', 'deleted']);
});

it('rejects when the log cannot be emptied, and empties it with the next deletion', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'relay.db');
  const store = createSqliteStore(openDatabase(path, Date.now()), { ttlMs: TTL_MS });
  onTestFinished(() => store.close());
  const sessionId = newId();
  await store.submit(sessionId, { ...submitInput(), entries: ['"a word"'] });
  renameSync(`${path}-wal`, `${path}-away`);
  await expect(store.delete(sessionId)).rejects.toMatchObject({ name: 'StoreError', code: 'store-unavailable' });
  renameSync(`${path}-away`, `${path}-wal`);
  await store.delete(sessionId);
  expect(statSync(`${path}-wal`).size).toBe(0);
});
