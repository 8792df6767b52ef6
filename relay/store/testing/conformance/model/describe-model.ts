import { describe, expect, it } from 'vitest';
import type { OpenStore } from '../store-harness.ts';
import { runModel, type ModelOptions } from './run-model.ts';

/** Several actors do anything in any order, and the store behaves as the model. */
export function describeModel(openStore: OpenStore, options: ModelOptions): void {
  describe('under random commands', () => {
    it(`answers as the model does, in ${options.runs} sequences`, { timeout: 300_000 }, async () => {
      await expect(runModel(openStore, options)).resolves.toBeUndefined();
    });
  });
}
