import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { claimInput, submitInput, TTL_MS } from '../testing/conformance/store-harness.ts';
import { encodeMessage } from '../entries/encode-message.ts';
import { IN_MEMORY, openDatabase } from './open-database.ts';
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

interface Writer {
  sessionId: string;
  fence: number;
  next: number;
}

function open(path: string, options: Partial<SqliteStoreOptions> = {}): { store: SqliteStore; database: DatabaseSync } {
  const database = openDatabase(path, Date.now());
  const store = createSqliteStore(database, { ttlMs: TTL_MS, ...options });
  onTestFinished(() => store.close());
  return { store, database };
}

async function start(store: SqliteStore): Promise<Writer> {
  const sessionId = newId();
  await store.submit(sessionId, submitInput());
  const answer = await store.claim(sessionId, claimInput());
  if (answer.kind !== 'lease') throw new Error(answer.kind);
  return { sessionId, fence: answer.lease.fence, next: 1 };
}

/** Mostly deltas, sometimes another entry, so that the log has pages of all kinds. */
function entryOf({ sessionId }: Writer, seq: number): string {
  const text = `${sessionId} ${seq}`;
  if (seq % 17 === 0) return JSON.stringify(text);
  return encodeMessage({ type: 'chunk', runId: 'r', chunk: { type: 'text-delta', id: '1', delta: text } });
}

async function write(store: SqliteStore, writer: Writer, count: number): Promise<void> {
  const { sessionId, fence, next } = writer;
  const entries = Array.from({ length: count }, (_, index) => entryOf(writer, next + index));
  writer.next += count;
  expect(await store.append(sessionId, { fence, seq: next, entries })).toEqual({ kind: 'ok', next: writer.next });
}

/** Expects every entry in the log exactly once, with its own text. */
async function expectWhole(store: SqliteStore, writer: Writer): Promise<void> {
  const { sessionId, fence, next } = writer;
  const answer = await store.read(sessionId, { after: `${fence}-0`, limit: 1_000_000 });
  const entries = Array.from({ length: next - 1 }, (_, index) => ({
    id: `${fence}-${index + 1}`,
    data: entryOf(writer, index + 1),
  }));
  expect(answer).toMatchObject({ kind: 'exact', entries, head: `${fence}-${next - 1}` });
}

function countBuffered(database: DatabaseSync): number {
  return Number(database.prepare('SELECT count(*) AS n FROM write_buffer').get()?.['n']);
}

describe('the write buffer', () => {
  it('stays short while replies go on, and loses no entry', async () => {
    const { store, database } = open(IN_MEMORY);
    const writers = await Promise.all(Array.from({ length: 20 }, () => start(store)));
    for (let round = 0; round < 60; round += 1) {
      await Promise.all(writers.map((writer, index) => write(store, writer, 1 + ((index + round) % 30))));
    }
    await vi.waitFor(() => expect(countBuffered(database)).toBeLessThan(8_000));
    for (const writer of writers) await expectWhole(store, writer);
    expect(writers.reduce((sum, { next }) => sum + next, 0)).toBeGreaterThan(15_000);
  });

  it('stays short although a slow reply began before everything in it', { timeout: 60_000 }, async () => {
    const { store, database } = open(IN_MEMORY);
    const slow = await start(store);
    await write(store, slow, 3);
    const fast = await start(store);
    for (let round = 0; round < 800; round += 1) await write(store, fast, 100);
    await vi.waitFor(() => expect(countBuffered(database)).toBeLessThan(70_000));
    expect(Number(database.prepare('SELECT min(row) AS row FROM write_buffer').get()?.['row'])).toBeGreaterThan(5);
    await expectWhole(store, slow);
    await write(store, slow, 3);
    await expectWhole(store, slow);
    await expectWhole(store, fast);
  });

  it('is settled when the file is opened', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const first = open(path, { maxBufferedEntries: 10 });
    const writers = await Promise.all(Array.from({ length: 3 }, () => start(first.store)));
    for (const count of [4, 5, 1, 7]) await Promise.all(writers.map((writer) => write(first.store, writer, count)));
    expect(countBuffered(first.database)).toBeGreaterThan(0);
    await first.store.close();

    const { store, database } = open(path);
    expect(countBuffered(database)).toBe(0);
    for (const writer of writers) {
      await expectWhole(store, writer);
      await write(store, writer, 2);
      await expectWhole(store, writer);
    }
  });

  it('brings back nothing that was trimmed from the log', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const first = open(path);
    const writer = await start(first.store);
    await write(first.store, writer, 5);
    const { sessionId, fence } = writer;
    await first.store.finish(sessionId, { fence, seq: 6, entries: ['"end"'] });
    // The write buffer still holds rows of what is trimmed here.
    await first.store.seal(sessionId, { from: START, to: `${fence}-6`, transcript: '["x"]', trimTo: `${fence}-5` });
    expect(countBuffered(first.database)).toBeGreaterThan(0);
    await first.store.close();

    const { store } = open(path);
    expect(await store.read(sessionId, { after: `${fence}-5`, limit: 10 })).toMatchObject({
      kind: 'exact',
      entries: [{ id: `${fence}-6` }],
    });
    expect(await store.read(sessionId, { after: `${fence}-4`, limit: 10 })).toMatchObject({
      kind: 'snapshot',
      entries: [],
    });
  });

  it('keeps no row of a deleted session, settled or not', async () => {
    const { store, database } = open(IN_MEMORY);
    const other = await start(store);
    await write(store, other, 1);
    const left = countBuffered(database);
    for (const how of ['buffered', 'both', 'settled']) {
      const writer = await start(store);
      await write(store, writer, how === 'buffered' ? 3 : 200);
      await write(store, writer, 3);
      if (how === 'settled')
        await store.finish(writer.sessionId, { fence: writer.fence, seq: writer.next, entries: ['"end"'] });
      expect(countBuffered(database)).toBeGreaterThan(left + 5);
      await store.delete(writer.sessionId);
      expect(countBuffered(database)).toBe(left);
    }
    await expectWhole(store, other);
  });

  it('loses nothing when an operation fails while entries are settled', async () => {
    const { store, database } = open(IN_MEMORY, { maxBufferedEntries: 10 });
    const writer = await start(store);
    const other = await start(store);
    await write(store, writer, 6);
    database.exec(
      `CREATE TRIGGER fail BEFORE INSERT ON log WHEN new.count > 1 BEGIN SELECT RAISE(ABORT, 'refused'); END;`,
    );
    const { sessionId, fence } = writer;
    const answers = await Promise.allSettled([
      store.append(sessionId, { fence, seq: 7, entries: ['"a"', '"b"', '"c"'] }),
      store.append(other.sessionId, { fence: other.fence, seq: 1, entries: [entryOf(other, 1)] }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expectWhole(store, writer);
    await expectWhole(store, { ...other, next: 2 });
    database.exec('DROP TRIGGER fail');
    await write(store, writer, 4);
    await expectWhole(store, writer);
  });
});
