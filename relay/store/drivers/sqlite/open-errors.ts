/** The store's file cannot be used. The message is one sentence for the operator; `cause` is the error behind it. */
export class StoreOpenError extends Error {
  override name = 'StoreOpenError';
}

/** Another process holds the file. */
export class StoreLockedError extends StoreOpenError {
  override name = 'StoreLockedError';
}
