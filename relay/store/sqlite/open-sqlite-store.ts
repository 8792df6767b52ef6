import { openDatabase } from './open-database.ts';
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';

export { StoreOpenError } from '../store-error.ts';
export { StoreLockedError } from './open-errors.ts';
export type { SessionInspection } from '../session-inspection.ts';
export type { SqliteStore } from './sqlite-store.ts';

export interface OpenSqliteStoreOptions extends SqliteStoreOptions {
  /** Of the file, whose folder is made when it is missing; or `:memory:`. */
  path: string;
}

/**
 * The embedded store: one SQLite file, one process. What it has answered survives a kill -9; after a loss of power it
 * may lack its last moments (`synchronous=NORMAL`), but is never torn.
 *
 * Opening takes the file's lock, which proves that whoever held the leases in it is dead: they are void.
 *
 * @throws StoreLockedError when another process holds the file, StoreOpenError when it cannot be used.
 */
export function openSqliteStore({ path, ...options }: OpenSqliteStoreOptions): SqliteStore {
  const now = Math.floor((options.clock ?? Date.now)());
  return createSqliteStore(openDatabase(path, now), options);
}
