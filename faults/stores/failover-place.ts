import type { StorePlace } from '../harness/store-under-test.ts';

/** A place whose server another one takes the place of, without the latest of what it has acknowledged. */
export interface FailoverPlace extends StorePlace {
  /** Resolves once the other one serves, and has one that would follow it. What is written for so many ms is lost. */
  failOver(lostMs: number): Promise<void>;
}
