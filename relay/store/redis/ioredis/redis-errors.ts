import { StoreError } from '../../store-error.ts';

/**
 * The first word of an error reply, which is its code
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors); null when the error is no reply of Redis.
 */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** Is it worth asking again? The server could not be reached, or will be able to answer soon. */
export function isPassing(error: unknown): boolean {
  const code = replyCode(error);
  return code === null || PASSING.has(code);
}

const PASSING = new Set([
  'LOADING',
  'BUSY',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'NOREPLICAS',
]);

/** Does the server refuse this user? Asking again does not help. */
export function isRefusal(error: unknown): boolean {
  const code = replyCode(error);
  return code === 'WRONGPASS' || code === 'NOAUTH' || code === 'NOPERM';
}

/** The StoreError for an error of ioredis. */
export function toStoreError(error: unknown): StoreError {
  return replyCode(error) === 'OOM'
    ? new StoreError('store-full', 'Redis has no memory left for this (maxmemory)', { cause: error })
    : new StoreError('store-unavailable', 'Redis did not answer the operation', { cause: error });
}
