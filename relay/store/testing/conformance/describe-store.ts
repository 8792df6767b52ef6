import { describe } from 'vitest';
import { describeAppend } from './append.ts';
import { describeFollow } from './follow.ts';
import { describeLease } from './lease.ts';
import { describeLifetime } from './lifetime.ts';
import { describeModel } from './model/describe-model.ts';
import type { ModelOptions } from './model/run-model.ts';
import { describeRate } from './rate.ts';
import { describeRevoke } from './revoke.ts';
import { describeRead } from './read.ts';
import type { OpenStore } from './store-harness.ts';
import { describeSubmit } from './submit.ts';
import { describeTake } from './take.ts';

/** What every driver of the session store has to pass, by example and against a model. */
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
