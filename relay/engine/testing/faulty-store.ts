import type { AppendAnswer, AppendInput, SessionStore } from '../../store/session-store.ts';
import { StoreError } from '../../store/store-error.ts';

export type WriteOperation = 'append' | 'finish';

/** What happens to one write. */
export type Fault =
  | 'none'
  /** Rejected, and not stored. */
  | 'lost-before'
  /** Stored, and rejected. */
  | 'lost-after'
  /** Never answered, and not stored. */
  | 'hangs-before'
  /** Stored, and never answered. */
  | 'hangs-after';

export interface FaultyStore extends SessionStore {
  /** Every write that was asked for, retries included. */
  readonly writes: readonly { operation: WriteOperation; input: AppendInput }[];
  /** Resolves when the first fault has happened; a write that was to land has landed by then. */
  readonly faulted: Promise<void>;
}

/** Wraps a store so that `fault` decides what happens to each write, counted from 1. */
export function withFaults(store: SessionStore, fault: (write: number, input: AppendInput) => Fault): FaultyStore {
  const writes: { operation: WriteOperation; input: AppendInput }[] = [];
  const { promise: faulted, resolve: noteFault } = Promise.withResolvers<void>();

  const guard =
    (operation: WriteOperation) =>
    async (sessionId: string, input: AppendInput): Promise<AppendAnswer> => {
      writes.push({ operation, input });
      const meets = fault(writes.length, input);
      const lands = meets !== 'lost-before' && meets !== 'hangs-before';
      if (!lands) noteFault();
      if (meets === 'lost-before') throw new StoreError('store-unavailable', 'lost before it was written');
      if (meets === 'hangs-before') return await new Promise<never>(() => {});
      const answer = await store[operation](sessionId, input);
      if (meets !== 'none') noteFault();
      if (meets === 'lost-after') throw new StoreError('store-unavailable', 'lost after it was written');
      if (meets === 'hangs-after') return await new Promise<never>(() => {});
      return answer;
    };

  return { ...store, writes, faulted, append: guard('append'), finish: guard('finish') };
}
