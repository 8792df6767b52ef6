import { createProblem } from '#shared/problem.ts';

/**
 * The messages that a store writes itself, as JSON texts for its log. The order of their fields is fixed, so that every
 * driver writes the same bytes, one that writes them from a script included.
 */

/** What each of these messages says about its run. */
export interface ControlFields {
  runId: string;
  /** From 1. */
  attempt: number;
  /** The store's clock, in ms since the epoch. */
  at: number;
}

/** A run is claimed for the first time. */
export function startedEntry(fields: ControlFields): string {
  return metadata('started', fields);
}

/**
 * A run is claimed again.
 *
 * @param keepSteps finished model turns that stay of the half-written reply; null when the whole of it stays and is
 *   continued.
 */
export function restartedEntry(fields: ControlFields, keepSteps: number | null): string {
  return metadata('restarted', fields, keepSteps === null ? {} : { reset: true, steps: keepSteps });
}

/** A run is cancelled. */
export function cancelledEntry(fields: ControlFields): string {
  return metadata('cancelled', fields);
}

/** A run cannot go on: the error, and the terminal message. */
export function endedEntries(fields: ControlFields, reason: 'attempts-exhausted' | 'interrupted'): [string, string] {
  return [
    JSON.stringify({ type: 'error', runId: fields.runId, problem: createProblem(reason) }),
    metadata('failed', fields),
  ];
}

function metadata(
  status: 'started' | 'restarted' | 'cancelled' | 'failed',
  { runId, attempt, at }: ControlFields,
  reset: { reset?: true; steps?: number } = {},
): string {
  return JSON.stringify({ type: 'metadata', status, runId, messageId: runId, attempt, ...reset, at });
}
