/**
 * The fence that a store gives to the next writer. No fence is ever given twice, not even by a store that lost its newest
 * writes while its clock went back: the random bits tell the two apart (docs/rules.md). Drivers that raise the fence in a
 * script of their own follow the same rule.
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
