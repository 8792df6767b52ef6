import { StoreError } from '../../store-error.ts';

/**
 * The word that an error answer of Redis begins with, which is its code
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors); null when the error is not Redis's own.
 */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** The server could not be asked, or is about to be able to answer: worth asking again. */
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

/** It will not let this user in, however often one asks. */
export function isRefusal(error: unknown): boolean {
  const code = replyCode(error);
  return code === 'WRONGPASS' || code === 'NOAUTH' || code === 'NOPERM';
}

export function toStoreError(error: unknown): StoreError {
  return replyCode(error) === 'OOM'
    ? new StoreError('store-full', 'Redis has no memory left for this (maxmemory)', { cause: error })
    : new StoreError('store-unavailable', 'Redis did not take the operation', { cause: error });
}
