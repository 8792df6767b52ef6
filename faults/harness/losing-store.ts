import type { Random } from '#testkit/random.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { StoreError } from '#relay/store/store-error.ts';

export interface LosingStore {
  store: SessionStore;
  /** Answers that were lost after the write (`after`), and writes that were lost on their way (`before`). */
  readonly lost: { after: number; before: number };
}

/** A store of which every write, or its answer, may be lost. */
export function createLosingStore(store: SessionStore, random: Random, probability: number): LosingStore {
  const lost = { after: 0, before: 0 };
  const risky =
    <Input extends unknown[], Answer>(ask: (...input: Input) => Promise<Answer>) =>
    async (...input: Input): Promise<Answer> => {
      const [fails, early] = [random.chance(probability), random.chance(0.25)];
      if (fails && early) {
        lost.before += 1;
        throw new StoreError('store-unavailable', 'lost before it was written');
      }
      const answer = await ask(...input);
      if (fails) {
        lost.after += 1;
        throw new StoreError('store-unavailable', 'lost after it was written');
      }
      return answer;
    };
  return {
    lost,
    store: {
      ...store,
      submit: risky(store.submit),
      claim: risky(store.claim),
      renew: risky(store.renew),
      release: risky(store.release),
      append: risky(store.append),
      finish: risky(store.finish),
      cancel: risky(store.cancel),
      seal: risky(store.seal),
    },
  };
}
