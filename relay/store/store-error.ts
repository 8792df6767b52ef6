/**
 * The store could not answer, so nothing is known about what was asked: the operation may or may not have been written.
 * It may be asked again. `cause` is the driver's own error.
 */
export class StoreError extends Error {
  override name = 'StoreError';
  /** `store-full`: there is no room left for this write. `store-unavailable`: anything else. */
  readonly code: 'store-unavailable' | 'store-full';

  constructor(code: 'store-unavailable' | 'store-full', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The store cannot be used as it is set up. The message is one sentence for the operator; `cause` is the error behind it. */
export class StoreOpenError extends Error {
  override name = 'StoreOpenError';
}
