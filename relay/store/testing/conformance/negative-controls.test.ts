import { describe, expect, it } from 'vitest';
import { IN_MEMORY } from '../../sqlite/open-database.ts';
import { openSqliteStore } from '../../sqlite/open-sqlite-store.ts';
import type { SessionStore } from '../../session-store.ts';
import { runModel } from './model/run-model.ts';
import { CONCURRENCY_MUTATIONS, MUTATIONS } from './mutations.ts';
import { checkSnapshotView } from './snapshot-view.ts';
import type { OpenStore } from './store-harness.ts';

describe('the conformance suite turns red for a store with', () => {
  it.each(Object.entries(MUTATIONS))('%s', { timeout: 120_000 }, async (_rule, mutate) => {
    const outcome = runModel(openMutated(mutate), { runs: 2_000, endOnFailure: true });
    await expect(outcome).rejects.toThrow('Property failed');
  });

  it.each(Object.entries(CONCURRENCY_MUTATIONS))('%s', async (_rule, mutate) => {
    await expect(checkSnapshotView(openMutated(mutate))).rejects.toThrow('a snapshot');
  });

  it('fences raised without the random bits', { timeout: 120_000 }, async () => {
    const open = openMutated(() => ({}));
    const outcome = runModel((options) => open({ ...options, random: () => 0 }), { runs: 2_000, endOnFailure: true });
    await expect(outcome).rejects.toThrow('Property failed');
  });
});

function openMutated(mutate: (store: SessionStore) => Partial<SessionStore>): OpenStore {
  return async (options) => {
    let now = Date.now();
    const store = openSqliteStore({ ...options, path: IN_MEMORY, clock: () => now });
    return {
      store: { ...store, ...mutate(store) },
      advance: async (ms) => void (now += ms),
      destroy: () => store.close(),
    };
  };
}
