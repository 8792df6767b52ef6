/** The store could not answer: nothing is known about what was asked. `cause` is the driver's own error. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly code: 'store-unavailable' | 'store-full';

  constructor(code: 'store-unavailable' | 'store-full', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
