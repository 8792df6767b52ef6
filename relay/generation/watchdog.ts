import { createDeadline } from '../util/deadline.ts';

/** How long a model may take. All in ms. */
export interface ModelTimeouts {
  /** From the call to the first output; a preamble without output does not restart it. */
  firstChunkMs: number;
  /** From one output to the next. */
  chunkMs: number;
  /** For a whole reply in one attempt, tool calls included. */
  totalMs: number;
}

/** The model, or the whole reply, took longer than allowed. */
export class ModelTimeoutError extends Error {
  override name = 'ModelTimeoutError';
  readonly phase: 'first-chunk' | 'chunk' | 'total';
  /** The timeout that was exceeded, in ms. */
  readonly afterMs: number;

  constructor(phase: ModelTimeoutError['phase'], afterMs: number) {
    super(`The model timed out (${phase}) after ${afterMs} ms`);
    this.phase = phase;
    this.afterMs = afterMs;
  }
}

/**
 * Notices a model that stalls, wherever in its answer. Only the time spent waiting for the model counts, not the time
 * in which its answer waits for the store.
 *
 * The SDK's own `chunkMs` begins with the first delta and does not cover a pause between parts.
 */
export interface Watchdog {
  /** Starts the clock: the model is being waited for. */
  wait(): void;
  /** Stops the clock: the model has sent something. `output` says whether the visitor gets anything of it. */
  heard(output: boolean): void;
  /** Stops the clock for good. */
  stop(): void;
}

/** @param onStall called once, when a timeout is exceeded. */
export function createWatchdog(
  { firstChunkMs, chunkMs }: Pick<ModelTimeouts, 'firstChunkMs' | 'chunkMs'>,
  onStall: (error: ModelTimeoutError) => void,
): Watchdog {
  let hasOutput = false;
  let leftMs = firstChunkMs;
  let waitingSince = 0;
  const deadline = createDeadline(() => {
    onStall(hasOutput ? new ModelTimeoutError('chunk', chunkMs) : new ModelTimeoutError('first-chunk', firstChunkMs));
  });

  return {
    wait() {
      if (!hasOutput) waitingSince = performance.now();
      deadline.begin(leftMs);
    },
    heard(output) {
      deadline.end();
      hasOutput ||= output;
      leftMs = hasOutput ? chunkMs : Math.max(0, leftMs - (performance.now() - waitingSince));
    },
    stop: () => deadline.stop(),
  };
}
