import { raiseFence } from '../../port-rules.ts';
import type { LogRules } from './log-rules.ts';

/** Time of the model's clock from one raise of the fence to the next. */
const TICK = 64;
/** Fences differ in their remainder, as they would by their random bits. */
const REMAINDERS = 16;

interface Raise {
  /** The session's fence before. */
  fence: number;
  /** Raises so far, this one and lost ones included. */
  raises: number;
  /** Raises in the log as it is. */
  raisesInLog: number;
  isClockBack: boolean;
}

/**
 * The fence by the product's own rule. After a failover whose clock went back it is below the fences that were lost, and
 * differs from them thanks to the random bits. Without these, a clock that went back far enough gives a lost fence again.
 */
export function nextFence(rules: LogRules, { fence, raises, raisesInLog, isClockBack }: Raise): number {
  if (raises >= REMAINDERS) throw new Error('the model has too few fences: choose smaller bounds');
  const clock = (raise: number): number => TICK * raise + raise - 1;
  if (!isClockBack) return raiseFence(fence, clock(raises), 0);
  if (!rules.randomFence) return raiseFence(fence, clock(raisesInLog + 1), 0);
  const random = (raises - ((fence + 1) % REMAINDERS) + REMAINDERS) % REMAINDERS;
  return raiseFence(fence, 0, random);
}
