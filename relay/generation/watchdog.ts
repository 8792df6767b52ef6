import { createDeadline } from '../util/deadline.ts';

/** How long a model may take. All in ms. */
export interface ModelTimeouts {
  /** From the call to its first output; a preamble that says nothing is none. */
  firstChunkMs: number;
  /** From one output to the next. */
  chunkMs: number;
  /** For all of a reply in one attempt, tool calls included. */
  totalMs: number;
}

export class ModelTimeoutError extends Error {
  override name = 'ModelTimeoutError';
  readonly phase: 'first-chunk' | 'chunk' | 'total';
  readonly afterMs: number;

  constructor(phase: ModelTimeoutError['phase'], afterMs: number) {
    super(`the model did not answer in time: ${phase} after ${afterMs} ms`);
    this.phase = phase;
    this.afterMs = afterMs;
  }
}

/**
 * Sees that a model keeps answering, wherever it stops. Only the time spent waiting for the model counts: not the time
 * in which its answer waits for the store.
 *
 * The SDK's own `chunkMs` begins with the first delta and knows nothing of a pause between parts.
 */
export interface Watchdog {
  /** The model is waited for. */
  wait(): void;
  /** It has said something; `output` tells whether the visitor gets anything of it. */
  heard(output: boolean): void;
  stop(): void;
}

export function createWatchdog(
  { firstChunkMs, chunkMs }: Pick<ModelTimeouts, 'firstChunkMs' | 'chunkMs'>,
  onStall: (error: ModelTimeoutError) => void,
): Watchdog {
  let hasOutput = false;
  let left = firstChunkMs;
  let waitingSince = 0;
  const deadline = createDeadline(() => {
    onStall(hasOutput ? new ModelTimeoutError('chunk', chunkMs) : new ModelTimeoutError('first-chunk', firstChunkMs));
  });

  return {
    wait() {
      if (!hasOutput) waitingSince = performance.now();
      deadline.begin(left);
    },
    heard(output) {
      deadline.end();
      hasOutput ||= output;
      left = hasOutput ? chunkMs : Math.max(0, left - (performance.now() - waitingSince));
    },
    stop: () => deadline.stop(),
  };
}
