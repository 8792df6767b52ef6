import { openDatabase } from './open-database.ts';
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';

export { StoreOpenError } from '../store-error.ts';
export { StoreLockedError } from './sqlite-errors.ts';
export type { SessionInspection } from '../session-inspection.ts';
export type { SqliteStore } from './sqlite-store.ts';

/** Options of `openSqliteStore`. */
export interface OpenSqliteStoreOptions extends SqliteStoreOptions {
  /** Path of the file, whose folder is made when it is missing; or `:memory:`. */
  path: string;
}

/**
 * Opens the embedded store: one SQLite file, one process. What it has answered survives a kill -9; after a power cut the
 * newest writes may be missing (`synchronous=NORMAL`), but the file is sound.
 *
 * Opening locks the file, which proves that the holders of the leases in it are dead: their runs are due at once.
 *
 * @throws StoreLockedError when another process holds the file, StoreOpenError when it cannot be used.
 *
 * @example
 * const store = openSqliteStore({ path: 'data/relay.db', ttlMs: 30 * 24 * 60 * 60 * 1000 });
 */
export function openSqliteStore({ path, ...options }: OpenSqliteStoreOptions): SqliteStore {
  const now = Math.floor((options.clock ?? Date.now)());
  return createSqliteStore(openDatabase(path, now), options);
}
