import { raiseFence } from '../../port-rules.ts';
import type { LogRules } from './log-rules.ts';

/** How far the model's clock goes on from one raise of the fence to the next. */
const TICK = 64;
/** Fences are told apart by their remainder, as random bits would tell them apart. */
const REMAINDERS = 16;

interface Raise {
  /** Of the session, before. */
  fence: number;
  /** How often a fence was raised so far, this time and lost times included. */
  raises: number;
  /** How often it was raised before in the log as it stands. */
  raisesInLog: number;
  isClockBack: boolean;
}

/**
 * The fence that the product's own rule gives. After a failover whose clock went back it lies below the fences that
 * were lost, and is none of them, thanks to the random bits. Without these, a clock that went back far enough gives
 * the very fence that was lost.
 */
export function nextFence(rules: LogRules, { fence, raises, raisesInLog, isClockBack }: Raise): number {
  if (raises >= REMAINDERS) throw new Error('the model has too few fences: choose smaller bounds');
  const clock = (raise: number): number => TICK * raise + raise - 1;
  if (!isClockBack) return raiseFence(fence, clock(raises), 0);
  if (!rules.randomFence) return raiseFence(fence, clock(raisesInLog + 1), 0);
  const random = (raises - ((fence + 1) % REMAINDERS) + REMAINDERS) % REMAINDERS;
  return raiseFence(fence, 0, random);
}
