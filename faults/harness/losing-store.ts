import type { Random } from '#testkit/random.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { StoreError } from '#relay/store/store-error.ts';

export interface LosingStore {
  store: SessionStore;
  /** How many answers were lost after the write had landed, and how many writes before they did. */
  readonly lost: { after: number; before: number };
}

/** A store whose every writing operation may be lost on its way there, or its answer on the way back. */
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
