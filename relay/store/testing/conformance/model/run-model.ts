import * as fc from 'fast-check';
import { MAX_TRANSCRIPT_BYTES, TTL_MS, type OpenStore } from '../store-harness.ts';
import { commands } from './commands.ts';
import { clearUp, createTrial, type Trial } from './trial.ts';

/** How thoroughly a store is compared with the model. */
export interface ModelOptions {
  /** Sequences of commands to try. */
  runs: number;
  /** Seed that a failure has printed, to repeat it. */
  seed?: number;
  /** Path that a failure has printed, to repeat it. */
  path?: string;
  /** Stop at the first failure, without shrinking it. */
  endOnFailure?: boolean;
}

/** Compares a store with the model over random commands. Rejects with the shortest sequence that shows a difference. */
export async function runModel(openStore: OpenStore, { runs, ...options }: ModelOptions): Promise<void> {
  const dice = { bits: 0 };
  const harness = await openStore({
    ttlMs: TTL_MS,
    maxTranscriptBytes: MAX_TRANSCRIPT_BYTES,
    random: () => dice.bits,
  });
  try {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (sequence) => {
        const world = { now: 0, ttlMs: TTL_MS, maxTranscriptBytes: MAX_TRANSCRIPT_BYTES };
        const trial: Trial = createTrial(harness, world, dice);
        try {
          await fc.asyncModelRun(() => ({ model: trial, real: {} }), sequence);
        } finally {
          await clearUp(trial);
        }
      }),
      { numRuns: runs, ...options },
    );
  } finally {
    await harness.destroy();
  }
}
