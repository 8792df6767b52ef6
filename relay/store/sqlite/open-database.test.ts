import { chmodSync, copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { claimInput, submitInput, TTL_MS } from '../testing/conformance/store-harness.ts';
import { openDatabase } from './open-database.ts';
import { StoreOpenError } from '../store-error.ts';
import { StoreLockedError } from './sqlite-errors.ts';
import { openSqliteStore } from './open-sqlite-store.ts';
import { migrate, MIGRATIONS } from './schema.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

describe('opening a file', () => {
  it('is refused in one sentence while another store holds it, and harms neither', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const store = openSqliteStore({ path, ttlMs: TTL_MS });
    for (let round = 0; round < 3; round += 1) {
      expect(() => openSqliteStore({ path, ttlMs: TTL_MS })).toThrow(StoreLockedError);
      expect(() => openSqliteStore({ path, ttlMs: TTL_MS })).toThrow(
        `Another process is using the store ${path}: stop it, or choose another file.`,
      );
      await expect(store.check()).resolves.toBeUndefined();
    }
    await store.close();
    await openSqliteStore({ path, ttlMs: TTL_MS }).close();
  });

  it('sets when SQLite waits for the disk, and keeps the lock for as long as the file is open', () => {
    const path = join(temporaryFolder(), 'relay.db');
    const database = openDatabase(path, 0);
    const setting = (name: string) => database.prepare(`PRAGMA ${name}`).get()?.[name];
    // 1 is NORMAL (https://www.sqlite.org/pragma.html#pragma_synchronous): commits reach the operating system at once,
    // and checkpoints wait for the disk, so that a power cut may cost the newest commits and never tears the file.
    expect(setting('synchronous')).toBe(1);
    expect(setting('locking_mode')).toBe('exclusive');
    expect(setting('journal_mode')).toBe('wal');
    expect(setting('secure_delete')).toBe(1);
    database.close();
  });

  it('creates the folder and the file readable by their owner only', async () => {
    const path = join(temporaryFolder(), 'data', 'relay.db');
    const store = openSqliteStore({ path, ttlMs: TTL_MS });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it('refuses a file of a newer release and does not change it', () => {
    const path = join(temporaryFolder(), 'relay.db');
    openDatabase(path, 0, [...MIGRATIONS, 'CREATE TABLE later (id INTEGER)']).close();
    const before = readFileSync(path);
    expect(() => openDatabase(path, 0)).toThrow(StoreOpenError);
    expect(() => openDatabase(path, 0)).toThrow(
      `The store was written by a newer release of this relay (version ${MIGRATIONS.length + 1} of its format, this release ` +
        `knows ${MIGRATIONS.length}): start that release, or choose another file.`,
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('migrates a file of an older release once, and keeps its content', () => {
    const path = join(temporaryFolder(), 'relay.db');
    const first = openDatabase(path, 0);
    first.exec(`INSERT INTO tombstones VALUES ('kept', 5)`);
    first.close();
    const newer = [...MIGRATIONS, `ALTER TABLE tombstones ADD COLUMN note TEXT NOT NULL DEFAULT 'new'`];
    for (let round = 0; round < 2; round += 1) {
      const database = openDatabase(path, 0, newer);
      expect(database.prepare('SELECT * FROM tombstones').all()).toEqual([
        { session_id: 'kept', until: 5, note: 'new' },
      ]);
      expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: newer.length });
      database.close();
    }
  });

  it('reads a log of an older release, which has one entry per row', async () => {
    const path = join(temporaryFolder(), 'relay.db');
    const old = new DatabaseSync(path);
    migrate(old, MIGRATIONS.slice(0, 2));
    old.exec(`
      INSERT INTO sessions (key, session_id, fence, next, settled_fence, settled_seq, sealed_to, transcript_bytes)
        VALUES (1, 'session-of-before', 5, 2, 5, 1, '0-0', 0);
      INSERT INTO log VALUES (1, 5, 0, '0-0', '"a"'), (1, 5, 1, NULL, '"b"');
    `);
    old.close();
    const store = openSqliteStore({ path, ttlMs: TTL_MS });
    expect(await store.read('session-of-before', { after: START, limit: 10, merged: true })).toMatchObject({
      kind: 'exact',
      entries: [
        { id: '5-0', prev: START, data: '"a"' },
        { id: '5-1', data: '"b"' },
      ],
    });
    await store.close();
  });

  it('leaves a file as it was when a migration fails', () => {
    const path = join(temporaryFolder(), 'relay.db');
    openDatabase(path, 0).close();
    expect(() => openDatabase(path, 0, [...MIGRATIONS, 'CREATE TABLE half (id INTEGER); SELECT nonsense;'])).toThrow(
      StoreOpenError,
    );
    const database = openDatabase(path, 0);
    expect(database.prepare(`SELECT name FROM sqlite_schema WHERE name = 'half'`).all()).toEqual([]);
    database.close();
  });

  it('refuses another database, another kind of file, and a folder', () => {
    const folder = temporaryFolder();
    const other = join(folder, 'other.db');
    const database = new DatabaseSync(other);
    database.exec('CREATE TABLE theirs (id INTEGER)');
    database.close();
    expect(() => openDatabase(other, 0)).toThrow(
      'The file is a database of another program: choose another file for the store.',
    );

    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'not a database, but long enough to be taken for one at first sight. '.repeat(20));
    expect(() => openDatabase(text, 0)).toThrow(`The store ${text} cannot be opened: it is no database.`);
    expect(readFileSync(text, 'utf8')).toContain('not a database');
    expect(() => openDatabase(folder, 0)).toThrow(`The store ${folder} cannot be opened: it is no file.`);
  });

  it('refuses a path whose folder cannot be made', () => {
    const file = join(temporaryFolder(), 'notes.txt');
    writeFileSync(file, 'no folder');
    for (const taken of ['/proc', file]) {
      const path = join(taken, 'chat', 'data', 'relay.db');
      expect(() => openDatabase(path, 0)).toThrow(StoreOpenError);
      expect(() => openDatabase(path, 0)).toThrow(`The store ${path} cannot be opened: `);
    }
  });

  it('does not change the mode of a folder that was named by mistake', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    expect(() => openDatabase(folder, 0)).toThrow(StoreOpenError);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  it('recovers from a write-ahead log whose end is missing', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'relay.db');
    const store = openSqliteStore({ path, ttlMs: TTL_MS });
    const sessionId = newId();
    await store.submit(sessionId, submitInput());
    const claimed = await store.claim(sessionId, claimInput());
    const fence = claimed.kind === 'lease' ? claimed.lease.fence : 0;
    for (let seq = 1; seq <= 300; seq += 2) {
      await store.append(sessionId, { fence, seq, entries: [`"${seq} ${'x'.repeat(50)}"`, `"${seq + 1}"`] });
    }
    const all = await store.read(sessionId, { after: START, limit: 1_000 });
    const entries = all.kind === 'exact' ? all.entries : [];
    const walSize = statSync(`${path}-wal`).size;

    const lengths = new Set<number>();
    for (let cut = 0; cut <= 20; cut += 1) {
      const copy = join(folder, `copy-${cut}.db`);
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      // Anywhere, in the middle of a page or of a header.
      truncateSync(`${copy}-wal`, Math.floor(walSize * (1 - cut / 40) - cut * 7));
      const recovered = openSqliteStore({ path: copy, ttlMs: TTL_MS });
      const answer = await recovered.read(sessionId, { after: START, limit: 1_000 });
      const kept = answer.kind === 'exact' ? answer.entries : [];
      expect(kept).toEqual(entries.slice(0, kept.length));
      // Whole transactions: two entries each after the first two.
      expect(kept.length % 2).toBe(0);
      lengths.add(kept.length);
      const next = kept.length - 1;
      expect(await recovered.append(sessionId, { fence, seq: next, entries: ['"more"'] })).toEqual({
        kind: 'ok',
        next: next + 1,
      });
      await recovered.close();
    }
    expect(lengths.has(entries.length)).toBe(true);
    expect(lengths.size).toBeGreaterThan(5);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });
});
