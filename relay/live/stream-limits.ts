import { RelayError } from '../util/relay-error.ts';

/** Streams that may be open at once; 0 for any number. */
export interface StreamLimits {
  /** Streams of one session; one more is refused with 429. */
  perSession: number;
  /** Streams from one address; one more is refused with 429. */
  perAddress: number;
  /** Streams of this process; one more is refused with 503. */
  total: number;
}

/** Milliseconds until a refused client should retry: a guess, since nobody knows when a stream will close. */
const RETRY_MS = 5000;

/** Counts the open streams of a process, and refuses one beyond its limits. */
export function createStreamCounter(limits: StreamLimits) {
  const byAddress = new Map<string, number>();
  let total = 0;

  return {
    get isFull() {
      return limits.total > 0 && total >= limits.total;
    },
    /**
     * Counts a stream; `ofSession`: those that its session has already.
     * @throws RelayError `rate-limited`, `overloaded`; then it was not counted.
     */
    add(ofSession: number, address: string | undefined): void {
      const ofAddress = address === undefined ? 0 : (byAddress.get(address) ?? 0);
      if (limits.total > 0 && total >= limits.total) throw new RelayError('overloaded', { retryAfterMs: RETRY_MS });
      if (limits.perSession > 0 && ofSession >= limits.perSession) throw tooMany('conversation');
      if (limits.perAddress > 0 && ofAddress >= limits.perAddress) throw tooMany('address');
      total += 1;
      if (address !== undefined) byAddress.set(address, ofAddress + 1);
    },
    /** Counts a stream as closed. */
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
