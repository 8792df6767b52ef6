import { sleep } from '../util/sleep.ts';
import type { RunSettings } from './engine.ts';
import { RunStopped } from './errors.ts';
import { executeRun, type ExecuteRunAnswer, type ExecuteRunOptions } from './execute-run.ts';

/** The executions that are under way in one process: what `Engine.activeRuns` and `Engine.drain` are about. */
export interface Executions {
  /** Executions that are under way. */
  readonly size: number;
  /** True from when `drain` was called: nothing new begins. */
  readonly isDraining: boolean;
  /**
   * Executes the due run of a session, see `executeRun`.
   *
   * @throws RunStopped while draining.
   */
  execute(sessionId: string, options?: Pick<ExecuteRunOptions, 'runId' | 'onEnded'>): Promise<ExecuteRunAnswer>;
  /** As `Engine.drain`. */
  drain(graceMs: number): Promise<void>;
}

/**
 * Keeps count of an engine's executions and ends them in order at a planned stop: first the runs are to be handed over,
 * and what has not been after `graceMs` is cut short.
 *
 * @example
 * const executions = createExecutions(parts);
 * const answer = await executions.execute(sessionId, { runId });
 */
export function createExecutions(settings: RunSettings): Executions {
  const underWay = new Set<Promise<unknown>>();
  const handOver = new AbortController();
  const closing = new AbortController();
  let draining: Promise<void> | null = null;

  async function drain(graceMs: number): Promise<void> {
    handOver.abort(new RunStopped('hand-over'));
    const patience = new AbortController();
    const grace = sleep(graceMs, patience.signal).then(
      () => closing.abort(new RunStopped('closing')),
      // The runs were faster.
      () => {},
    );
    await Promise.allSettled(underWay);
    patience.abort();
    await grace;
    closing.abort(new RunStopped('closing'));
  }

  return {
    get size() {
      return underWay.size;
    },

    get isDraining() {
      return draining !== null;
    },

    async execute(sessionId, options = {}) {
      handOver.signal.throwIfAborted();
      const signals = { handOver: handOver.signal, closing: closing.signal };
      const execution = executeRun({ ...settings, ...options, ...signals, sessionId });
      underWay.add(execution);
      try {
        return await execution;
      } finally {
        underWay.delete(execution);
      }
    },

    drain: (graceMs) => (draining ??= drain(graceMs)),
  };
}
