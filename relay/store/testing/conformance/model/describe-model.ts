import { describe, expect, it } from 'vitest';
import type { OpenStore } from '../store-harness.ts';
import { runModel, type ModelOptions } from './run-model.ts';

/** Several actors do anything in any order, and the store stays what the model says. */
export function describeModel(openStore: OpenStore, options: ModelOptions): void {
  describe('under random commands', () => {
    it(`answers and looks as the model does, ${options.runs} times`, { timeout: 300_000 }, async () => {
      await expect(runModel(openStore, options)).resolves.toBeUndefined();
    });
  });
}
