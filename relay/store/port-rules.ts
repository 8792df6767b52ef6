/**
 * Rules that every driver of the port follows, each stated once. A driver that does its work in scripts of its own hands
 * them these numbers.
 */

/** Planned handovers of one run that do not count as attempts. A run that is handed over more often uses up its attempts. */
export const MAX_HAND_OVERS = 10;

/** Default of `StoreOptions.maxTranscriptBytes`: 8 MiB. */
export const MAX_TRANSCRIPT_BYTES = 8 * 1024 * 1024;

/** Lifetimes (`StoreOptions.ttlMs`) that a deleted or expired session is remembered as gone. */
export const TOMBSTONE_LIFETIMES = 2;

/** Characters after which a merged read ends, so that its memory is bounded: 256 Ki. The page that reaches it is whole. */
export const MERGED_READ_LENGTH = 262_144;

/**
 * The fence of the next writer. No fence is ever given twice, not even by a store that lost its newest writes while its
 * clock went back: the random bits tell the two apart (docs/rules.md).
 *
 * @param fence the session's newest fence; 0 when nothing was written.
 * @param now the store's clock, ms since the epoch.
 * @param bits from `drawFenceBits`.
 */
export function raiseFence(fence: number, now: number, bits: number): number {
  return Math.max(fence, now) + 1 + bits;
}

/** 20 random bits: 0 to 1,048,575. With the clock in ms they keep a fence below 2^53 for some 280,000 years. */
export function drawFenceBits(): number {
  const [bits = 0] = crypto.getRandomValues(new Uint32Array(1));
  return bits >>> 12;
}

/**
 * A fence is never raised, and a run never closed, without an entry that says so.
 *
 * @throws TypeError when there are no entries: a mistake of the caller, which no retry mends.
 */
export function requireEntries(entries: readonly string[]): void {
  if (entries.length === 0) throw new TypeError('entries must not be empty');
}
