import { isTerminal, type StreamMessage } from '#shared/protocol.ts';
import type { LogEntry } from '../store/session-store.ts';

/** A message about a run, not a piece of its answer. */
export type ControlMessage = Exclude<StreamMessage, { type: 'chunk' | 'snapshot' }>;

/** The message of an entry; null when it is a chunk. */
export function readControlMessage({ data }: LogEntry): ControlMessage | null {
  // Nearly all entries are chunks; their first characters tell, without parsing.
  if (data.startsWith('{"type":"chunk"')) return null;
  const message = JSON.parse(data) as StreamMessage;
  return message.type === 'chunk' || message.type === 'snapshot' ? null : message;
}

/** The run that a message ends; null when it ends none. */
export function endedRun(message: ControlMessage | null): string | null {
  return message?.type === 'metadata' && isTerminal(message.status) ? message.runId : null;
}

/** Does any run end within these entries? */
export function hasRunEnd(entries: readonly LogEntry[]): boolean {
  return entries.some((entry) => endedRun(readControlMessage(entry)) !== null);
}

/** Entries up to the terminal message of this run, if it is among them; else all. Null and `''` stand for no run. */
export function cutAtRunEnd(
  entries: readonly LogEntry[],
  runId: string | null,
): { entries: readonly LogEntry[]; isCut: boolean } {
  const index = runId ? entries.findIndex((entry) => endedRun(readControlMessage(entry)) === runId) : -1;
  return index < 0 ? { entries, isCut: false } : { entries: entries.slice(0, index + 1), isCut: true };
}
