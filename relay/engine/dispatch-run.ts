import type { Logger } from '../util/logger.ts';
import type { Engine } from './engine.ts';
import { runFields } from './run-report.ts';

/** Dispatches a run that is stored; see `createRunDispatcher`. */
export type DispatchRun = (sessionId: string, runId: string) => void;

/**
 * Dispatches runs for a route that has stored them already, and answers without waiting: a dispatch that fails is logged
 * and costs time, not the run, which is found by polling.
 */
export function createRunDispatcher(engine: Pick<Engine, 'dispatch'>, logger: Logger): DispatchRun {
  // Async, so that an engine that throws at once fails no request either.
  const handOn = async (sessionId: string, runId: string) => await engine.dispatch(sessionId, runId);
  return (sessionId, runId) => {
    handOn(sessionId, runId).catch((error: unknown) => {
      const fields = { ...runFields(sessionId, runId), err: error };
      logger.warn(fields, 'A run could not be dispatched: it begins when it is found by polling');
    });
  };
}
