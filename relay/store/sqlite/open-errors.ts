import { StoreOpenError } from '../store-open-error.ts';

/** Another process holds the file. */
export class StoreLockedError extends StoreOpenError {
  override name = 'StoreLockedError';
}
