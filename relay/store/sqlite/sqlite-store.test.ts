import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { claimInput, collectEvents, LEASE_MS, submitInput, TTL_MS } from '../testing/conformance/store-harness.ts';
import type { Lease } from '../session-store.ts';
import { StoreError } from '../store-error.ts';
import { IN_MEMORY, openDatabase } from './open-database.ts';
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
import { prepareStatements } from './statements.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

interface Opened {
  store: SqliteStore;
  database: DatabaseSync;
  clock: { now: number };
}

function open(path: string, options: Partial<SqliteStoreOptions> = {}, clock = { now: Date.now() }): Opened {
  const database = openDatabase(path, clock.now);
  const store = createSqliteStore(database, { ttlMs: TTL_MS, clock: () => clock.now, ...options });
  onTestFinished(() => store.close());
  return { store, database, clock };
}

async function start(store: SqliteStore, sessionId: string): Promise<Lease> {
  await store.submit(sessionId, submitInput());
  const answer = await store.claim(sessionId, claimInput());
  if (answer.kind !== 'lease') throw new Error(answer.kind);
  return answer.lease;
}

describe('the sqlite store', () => {
  it('raises the fence above the clock, or above the last fence when the clock went back', async () => {
    let bits = 5;
    const { store, clock } = open(IN_MEMORY, { random: () => bits });
    const sessionId = newId();
    const at = clock.now;
    await store.submit(sessionId, submitInput());
    expect(await store.head(sessionId)).toMatchObject({ head: `${at + 6}-0` });
    clock.now = at - 1_000_000;
    bits = 9;
    await store.cancel(sessionId, { token: newId() });
    expect(await store.head(sessionId)).toMatchObject({ head: `${at + 16}-0` });
    clock.now = at + 1_000_000;
    bits = 0;
    await store.submit(sessionId, submitInput());
    expect(await store.head(sessionId)).toMatchObject({ head: `${at + 1_000_001}-0` });
  });

  it('keeps everything when it is closed and opened again', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const first = open(path);
    const [sessionId, claim, prompt] = [newId(), claimInput(), submitInput()];
    await first.store.submit(sessionId, prompt);
    await first.store.claim(sessionId, claim);
    const answer = await first.store.claim(sessionId, claim);
    const lease = answer.kind === 'lease' ? answer.lease : undefined;
    const fence = lease?.fence ?? 0;
    const step = { name: 'one', result: '1', turns: 2 };
    await first.store.append(sessionId, { fence, seq: 1, entries: ['"a"', '"b"'], step });
    await first.store.append(sessionId, { fence, seq: 3, entries: ['"c"'] });
    const before = await first.store.read(sessionId, { limit: 100 });
    await first.store.close();

    const second = open(path, {}, first.clock);
    expect(await second.store.read(sessionId, { limit: 100 })).toEqual(before);
    expect(await second.store.submit(sessionId, prompt)).toEqual({ kind: 'same', cursor: START, runId: prompt.runId });
    expect(await second.store.append(sessionId, { fence, seq: 3, entries: ['"c"'] })).toEqual({
      kind: 'duplicate',
      next: 4,
    });
    expect(await second.store.claim(sessionId, claim)).toEqual({
      kind: 'lease',
      lease: { ...lease, next: 4, head: `${fence}-3`, journal: { one: '1' }, turns: 2 },
    });
  });

  it('expires the leases in the file when it is opened', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const first = open(path);
    const [leased, waiting] = [newId(), newId()];
    const old = await start(first.store, leased);
    const { fence } = await start(first.store, waiting);
    await first.store.release(waiting, { fence, delayMs: 60_000, as: 'retry' });
    expect((await first.store.take(10)).due).toEqual([]);
    await first.store.close();

    const { store, clock } = open(path, {}, first.clock);
    expect((await store.take(10)).due).toEqual([leased]);
    const answer = await store.claim(leased, claimInput());
    expect(answer).toMatchObject({ kind: 'lease', lease: { attempt: 2 } });
    expect(await store.append(leased, { fence: old.fence, seq: 1, entries: ['{}'] })).toEqual({ kind: 'fenced' });
    // A delayed retry keeps its time.
    clock.now += 60_000;
    expect((await store.take(10)).due).toEqual([waiting]);
  });

  it('finds due runs and the next one by an index, however many sessions there are', () => {
    const { database } = open(IN_MEMORY);
    const { findDue, findNextDue } = prepareStatements(database);
    for (const [{ sourceSQL }, ...values] of [
      [findDue, 1, 1],
      [findNextDue, 1],
    ] as const) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all(...values);
      expect(plan.map(({ detail }) => detail)).toEqual([
        expect.stringMatching(/^SEARCH sessions USING (COVERING )?INDEX sessions_due \(/),
      ]);
    }
  });

  it('writes the operations of one tick in one transaction, and one that fails affects no other', async () => {
    const { store, database } = open(IN_MEMORY);
    const sessions = Array.from({ length: 5 }, () => newId());
    const leases = await Promise.all(sessions.map((sessionId) => start(store, sessionId)));
    database.exec(`
      CREATE TRIGGER fail BEFORE INSERT ON write_buffer WHEN new.data = '"bad"' BEGIN SELECT RAISE(ABORT, 'refused'); END;
    `);
    const answers = await Promise.allSettled(
      sessions.map((sessionId, index) =>
        store.append(sessionId, {
          fence: leases[index]?.fence ?? 0,
          seq: 1,
          entries: ['"a"', index === 2 ? '"bad"' : '"b"'],
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(answers[2]).toMatchObject({ reason: expect.any(StoreError) });
    for (const [index, sessionId] of sessions.entries()) {
      const { head = '' } = leases[index] ?? {};
      const answer = await store.read(sessionId, { after: head, limit: 10 });
      expect(answer.kind === 'exact' ? answer.entries.map(({ data }) => data) : []).toEqual(
        index === 2 ? [] : ['"a"', '"b"'],
      );
    }
  });

  it('undoes an operation that fails halfway, and goes on with the next one of the same tick', async () => {
    const { store, database } = open(IN_MEMORY);
    const sessionId = newId();
    const { fence, head } = await start(store, sessionId);
    const seen = collectEvents();
    await store.follow(sessionId, seen.listener);
    database.exec(`
      CREATE TRIGGER fail_step BEFORE INSERT ON steps WHEN new.name = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END;
    `);
    const answers = await Promise.allSettled([
      store.append(sessionId, { fence, seq: 1, entries: ['"first"'] }),
      store.append(sessionId, { fence, seq: 2, entries: ['"a"', '"b"'], step: { name: 'bad', result: '1' } }),
      store.append(sessionId, { fence, seq: 2, entries: ['"c"'], step: { name: 'good', result: '2' } }),
    ]);
    expect(answers).toEqual([
      { status: 'fulfilled', value: { kind: 'ok', next: 2 } },
      { status: 'rejected', reason: expect.any(StoreError) },
      { status: 'fulfilled', value: { kind: 'ok', next: 3 } },
    ]);
    const entries = [
      { id: `${fence}-1`, data: '"first"' },
      { id: `${fence}-2`, data: '"c"' },
    ];
    expect(await store.read(sessionId, { after: head, limit: 10 })).toMatchObject({ entries, head: `${fence}-2` });
    expect(seen.entries).toEqual(entries);
  });

  it('drops the journal of a run that has ended', async () => {
    const { store, database } = open(IN_MEMORY);
    const sessionId = newId();
    const { fence } = await start(store, sessionId);
    await store.append(sessionId, { fence, seq: 1, entries: [], step: { name: 'one', result: '1' } });
    expect(database.prepare('SELECT name FROM steps').all()).toHaveLength(1);
    await store.finish(sessionId, { fence, seq: 1, entries: ['{}'] });
    expect(database.prepare('SELECT name FROM steps').all()).toEqual([]);
  });

  it('rejects a whole tick when its commit fails, tells no follower, and goes on afterwards', async () => {
    const { store, database } = open(IN_MEMORY);
    const sessions = [newId(), newId()];
    const leases = await Promise.all(sessions.map((sessionId) => start(store, sessionId)));
    const seen = sessions.map(() => collectEvents());
    await Promise.all(
      sessions.map((sessionId, index) => store.follow(sessionId, seen[index]?.listener ?? (() => undefined))),
    );
    // A foreign key that is checked only at the end of the transaction.
    database.exec(`
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER fail_late AFTER INSERT ON write_buffer WHEN new.data = '"late"' BEGIN INSERT INTO child VALUES (1); END;
    `);
    const write = (index: number, data: string) =>
      store.append(sessions[index] ?? '', { fence: leases[index]?.fence ?? 0, seq: 1, entries: [data] });

    const answers = await Promise.allSettled([write(0, '"good"'), write(1, '"late"')]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', code: 'store-unavailable' } });
    }
    expect(seen.flatMap(({ entries }) => entries)).toEqual([]);
    for (const [index, sessionId] of sessions.entries()) {
      expect(await store.head(sessionId)).toMatchObject({ head: leases[index]?.head });
    }

    database.exec('DROP TRIGGER fail_late');
    expect(await Promise.all([write(0, '"good"'), write(1, '"late"')])).toEqual([
      { kind: 'ok', next: 2 },
      { kind: 'ok', next: 2 },
    ]);
    expect(seen.map(({ entries }) => entries.length)).toEqual([1, 1]);
  });

  it('rejects whole writes when it is full, stays readable, and accepts writes when there is room again', async () => {
    const { store, database } = open(join(temporaryFolder(), 'relay.db'));
    const sessionId = newId();
    const { fence, head } = await start(store, sessionId);
    const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
    database.exec(`PRAGMA max_page_count = ${pages + 20}`);

    const entries = Array.from({ length: 10 }, (_, index) => JSON.stringify(`${index} ${'x'.repeat(1_000)}`));
    let next = 1;
    let failure: unknown;
    while (failure === undefined && next < 10_000) {
      const answer = await store
        .append(sessionId, { fence, seq: next, entries })
        .catch((error: unknown) => void (failure = error));
      if (answer?.kind === 'ok') next = answer.next;
    }
    expect(failure).toMatchObject({ name: 'StoreError', code: 'store-full' });
    const answer = await store.read(sessionId, { after: head, limit: 10_000 });
    expect(answer).toMatchObject({ kind: 'exact', head: `${fence}-${next - 1}` });
    expect(answer.kind === 'exact' ? answer.entries.length % 10 : -1).toBe(0);

    database.exec(`PRAGMA max_page_count = ${pages + 200}`);
    expect(await store.append(sessionId, { fence, seq: next, entries })).toEqual({ kind: 'ok', next: next + 10 });
  });

  it('leaves nothing of a deleted session in its files, which only their owner can read', async () => {
    const path = join(temporaryFolder(), 'new', 'folder', 'relay.db');
    const { store, clock } = open(path);
    const marker = 'a-secret-that-somebody-wrote';
    const files = () => [path, `${path}-wal`].map((file) => readFileSync(file).includes(marker));
    for (const how of ['deleted', 'expired']) {
      const sessionId = newId();
      const { fence } = await start(store, sessionId);
      const entries = Array.from({ length: 300 }, (_, index) => JSON.stringify(`${marker} ${index} ${how}`));
      await store.append(sessionId, { fence, seq: 1, entries, step: { name: 'one', result: `"${marker}"` } });
      await store.finish(sessionId, { fence, seq: 301, entries: [`"${marker}"`] });
      const to = `${fence}-301`;
      await store.seal(sessionId, { from: START, to, transcript: `["${marker}"]`, trimTo: `${fence}-100` });
      expect(files()).toContain(true);
      for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);

      if (how === 'expired') clock.now += TTL_MS + 1;
      await store.delete(sessionId);
      expect(files()).toEqual([false, false]);
    }
  });

  it('sweeps up expired sessions by itself and tells their followers', async () => {
    const folder = temporaryFolder();
    const database = openDatabase(join(folder, 'relay.db'), Date.now());
    const store = createSqliteStore(database, { ttlMs: 300 });
    onTestFinished(() => store.close());
    const sessionId = newId();
    const { fence } = await start(store, sessionId);
    await store.finish(sessionId, { fence, seq: 1, entries: ['"the-end"'] });
    const seen = collectEvents();
    await store.follow(sessionId, seen.listener);
    await vi.waitFor(() => expect(seen.gone).toBe(true), { timeout: 5_000 });
    expect(database.prepare('SELECT count(*) AS n FROM log').get()).toEqual({ n: 0 });
    expect(database.prepare('SELECT count(*) AS n FROM tombstones').get()).toEqual({ n: 1 });
    // The tombstone expires too.
    await vi.waitFor(() => expect(database.prepare('SELECT count(*) AS n FROM tombstones').get()).toEqual({ n: 0 }), {
      timeout: 5_000,
    });
    expect(await store.read(sessionId, { limit: 1 })).toEqual({ kind: 'empty' });
  });

  it('logs a follower that throws, and tells the others', async () => {
    const errors: object[] = [];
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (fields: object) => void errors.push(fields),
    };
    const { store } = open(IN_MEMORY, { logger });
    const sessionId = newId();
    const seen = collectEvents();
    await store.follow(sessionId, () => {
      throw new Error('a bad listener');
    });
    await store.follow(sessionId, seen.listener);
    expect(await store.submit(sessionId, submitInput())).toMatchObject({ kind: 'ok' });
    expect(seen.entries).toHaveLength(1);
    // pino formats an error under this name.
    expect(errors).toEqual([{ err: new Error('a bad listener') }]);
  });

  it('takes thousands of operations in one tick', async () => {
    const { store } = open(IN_MEMORY);
    const sessionId = newId();
    const { fence } = await start(store, sessionId);
    const answers = await Promise.all(
      Array.from({ length: 5_000 }, (_, index) => store.append(sessionId, { fence, seq: index + 1, entries: ['{}'] })),
    );
    expect(answers.at(-1)).toEqual({ kind: 'ok', next: 5_001 });
    expect(await store.head(sessionId)).toMatchObject({ head: `${fence}-5000` });
  });

  it('rejects operations beyond its queue, and goes on', async () => {
    const { store } = open(IN_MEMORY);
    const answers = await Promise.allSettled(Array.from({ length: 70_000 }, () => store.check()));
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBe(70_000 - 65_536);
    expect(refused[0]).toMatchObject({ reason: { name: 'StoreError', code: 'store-unavailable' } });
    await expect(store.check()).resolves.toBeUndefined();
  });

  it('commits waiting operations when it is closed', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const first = open(path);
    const sessionId = newId();
    const submitted = first.store.submit(sessionId, submitInput());
    await first.store.close();
    expect(await submitted).toMatchObject({ kind: 'ok' });
    expect(await open(path).store.read(sessionId, { limit: 1 })).toMatchObject({
      kind: 'snapshot',
      entries: [{ prev: START }],
    });
  });

  it('shows what it keeps of a session, without a word of the conversation', async () => {
    const { store, clock } = open(IN_MEMORY);
    const sessionId = newId();
    expect(store.inspect(sessionId)).toBeNull();
    const { fence, runId } = await start(store, sessionId);
    await store.append(sessionId, { fence, seq: 1, entries: ['"secret"'], step: { name: 'one', result: '1' } });
    expect(store.inspect(sessionId)).toMatchObject({
      fence,
      head: `${fence}-1`,
      sealedTo: START,
      expiresAt: null,
      now: clock.now,
      run: {
        runId,
        status: 'started',
        attempt: 1,
        holder: 'lease',
        owner: 'tester',
        handOvers: 0,
        dueAt: clock.now + LEASE_MS,
      },
      log: [
        { entries: 1, first: 0, last: 0, prev: START },
        { fence, entries: 2, first: 0, last: 1, prev: expect.stringMatching(/^\d+-0$/) },
      ],
      steps: ['one'],
    });
    expect(JSON.stringify(store.inspect(sessionId))).not.toContain('secret');
  });
});
