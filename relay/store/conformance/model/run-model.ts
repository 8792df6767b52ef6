import fc from 'fast-check';
import { MAX_TRANSCRIPT_BYTES, TTL_MS, type OpenStore } from '../store-harness.ts';
import { commands } from './commands.ts';
import { clearUp, createTrial, type Trial } from './trial.ts';

export interface ModelOptions {
  /** How many sequences of commands. */
  runs: number;
  /** To repeat what a failure printed. */
  seed?: number;
  path?: string;
}

/** Compares a store with the model over random commands. Rejects with the shortest sequence that shows a difference. */
export async function runModel(openStore: OpenStore, { runs, ...replay }: ModelOptions): Promise<void> {
  const harness = await openStore({ ttlMs: TTL_MS, maxTranscriptBytes: MAX_TRANSCRIPT_BYTES });
  try {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (sequence) => {
        const trial: Trial = createTrial(harness, { now: 0, ttlMs: TTL_MS, maxTranscriptBytes: MAX_TRANSCRIPT_BYTES });
        try {
          await fc.asyncModelRun(() => ({ model: trial, real: {} }), sequence);
        } finally {
          await clearUp(trial);
        }
      }),
      { numRuns: runs, endOnFailure: false, ...replay },
    );
  } finally {
    await harness.destroy();
  }
}
