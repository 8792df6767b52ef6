import type { StorePlace } from '../harness/store-under-test.ts';

/** A place whose server can fail over to a replica that lacks the latest acknowledged writes. */
export interface FailoverPlace extends StorePlace {
  /** Fails over, and loses what is written during so many ms. Resolves when the new server serves and has a replica. */
  failOver(lostMs: number): Promise<void>;
}
