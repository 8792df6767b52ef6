import { StoreOpenError } from '../store-error.ts';

/** Another process holds the file. */
export class StoreLockedError extends StoreOpenError {
  override name = 'StoreLockedError';
}
