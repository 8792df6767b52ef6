/** The states of a run, in the order in which it can go through them. */
export const STREAM_STATUSES = ['queued', 'started', 'restarted', 'completed', 'cancelled', 'failed'] as const;
export type StreamStatus = (typeof STREAM_STATUSES)[number];
export type TerminalStatus = Extract<StreamStatus, 'completed' | 'cancelled' | 'failed'>;

/** Whether a run with this status has ended. */
export function isTerminal(status: string): status is TerminalStatus {
  return status === 'completed' || status === 'cancelled' || status === 'failed';
}
