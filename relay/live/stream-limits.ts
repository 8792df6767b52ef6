import { RelayError } from '../util/relay-error.ts';

/** How many streams may be open at once; 0 = any number. */
export interface StreamLimits {
  /** Of one session, else 429. */
  perSession: number;
  /** From one address, else 429. */
  perAddress: number;
  /** In all, else 503. */
  total: number;
}

/** When somebody who has too many streams open should try again: nobody knows when one of them will close. */
const RETRY_MS = 5000;

/** Counts the open streams. */
export function createStreamCounter(limits: StreamLimits) {
  const byAddress = new Map<string, number>();
  let total = 0;

  return {
    get isFull() {
      return limits.total > 0 && total >= limits.total;
    },
    /** @throws RelayError `rate-limited`, `overloaded`; then nothing was counted. */
    add(ofSession: number, address: string | undefined): void {
      const ofAddress = address === undefined ? 0 : (byAddress.get(address) ?? 0);
      if (limits.total > 0 && total >= limits.total) throw new RelayError('overloaded', { retryAfterMs: RETRY_MS });
      if (limits.perSession > 0 && ofSession >= limits.perSession) throw tooMany('conversation');
      if (limits.perAddress > 0 && ofAddress >= limits.perAddress) throw tooMany('address');
      total += 1;
      if (address !== undefined) byAddress.set(address, ofAddress + 1);
    },
    remove(address: string | undefined): void {
      total -= 1;
      if (address === undefined) return;
      const left = (byAddress.get(address) ?? 0) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    },
  };
}

function tooMany(of: 'conversation' | 'address'): RelayError {
  return new RelayError('rate-limited', {
    detail: `Too many streams are open for this ${of}.`,
    retryAfterMs: RETRY_MS,
  });
}
