/** The store cannot be used as it is set up. The message is one sentence for the operator; `cause` is the error behind it. */
export class StoreOpenError extends Error {
  override name = 'StoreOpenError';
}
