import { describe } from 'vitest';
import { describeAppend } from './append.ts';
import { describeFollow } from './follow.ts';
import { describeLease } from './lease.ts';
import { describeLifetime } from './lifetime.ts';
import { describeModel } from './model/describe-model.ts';
import type { ModelOptions } from './model/run-model.ts';
import { describeRate } from './rate.ts';
import { describeRead } from './read.ts';
import { describeRevoke } from './revoke.ts';
import type { OpenStore } from './store-harness.ts';
import { describeSubmit } from './submit.ts';
import { describeTake } from './take.ts';

/**
 * Declares the tests that every driver of `SessionStore` has to pass: some 120 examples, and random sequences of
 * operations that are compared with a model.
 *
 * @param name of the store, in the tests' names.
 * @param openStore opens an empty store for each test, and lets the test move its clock.
 * @param model how many random sequences are tried; 100 when not given. Lower it for a store whose operations are slow.
 *
 * @example
 * import { describeStore } from 'resumable-chat/testing';
 * import { openMyStore } from './open-my-store.ts';
 *
 * describeStore('my', async ({ ttlMs, maxTranscriptBytes, random }) => {
 *   let now = Date.now();
 *   const store = await openMyStore({ ttlMs, maxTranscriptBytes, random, clock: () => now });
 *   return {
 *     store,
 *     advance: async (ms) => void (now += ms),
 *     destroy: () => store.close(),
 *   };
 * });
 */
export function describeStore(name: string, openStore: OpenStore, model: ModelOptions = { runs: 100 }): void {
  describe(`the ${name} store`, () => {
    describeSubmit(openStore);
    describeTake(openStore);
    describeLease(openStore);
    describeAppend(openStore);
    describeRead(openStore);
    describeRate(openStore);
    describeRevoke(openStore);
    describeFollow(openStore);
    describeLifetime(openStore);
    describeModel(openStore, model);
  });
}
