import { StoreError, StoreOpenError } from '../store-error.ts';

/** Another process holds the file. */
export class StoreLockedError extends StoreOpenError {
  override name = 'StoreLockedError';
}

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** The primary result code of an error of SQLite; null for any other error. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  // The upper bits hold the extended code.
  return error.errcode & 0xff;
}

/** Does another connection hold the file? */
export function isLockedError(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** Is the file no SQLite database? */
export function isNotADatabaseError(error: unknown): boolean {
  return resultCode(error) === SQLITE_NOTADB;
}

/** The StoreError for an error of SQLite. Any other error is a bug, and stays as it is. */
export function toStoreError(error: unknown): unknown {
  const code = resultCode(error);
  if (code === null) return error;
  return code === SQLITE_FULL
    ? new StoreError('store-full', 'the disk, or the database file, is full', { cause: error })
    : new StoreError('store-unavailable', 'the database did not take the operation', { cause: error });
}
