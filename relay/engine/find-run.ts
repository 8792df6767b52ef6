import { isTerminal, type TerminalStatus } from '#shared/protocol.ts';
import { readSession } from '../store/read-session.ts';
import type { SessionStore } from '../store/session-store.ts';

/** What the log says of a run. */
export type FoundRun =
  | { kind: 'active'; runId: string }
  | { kind: 'ended'; runId: string; status: TerminalStatus; attempt: number }
  /** The run's reply is no longer part of the conversation. */
  | { kind: 'unknown' }
  /** The session was deleted or has expired. */
  | { kind: 'gone' };

/**
 * Reads what became of a run, or of the session's last one when `runId` is not given. Reads the whole session: for what
 * happens seldom.
 *
 * @throws StoreError when the session cannot be read.
 */
export async function findRun(store: Pick<SessionStore, 'read'>, sessionId: string, runId?: string): Promise<FoundRun> {
  const session = await readSession(store, sessionId);
  if (session.kind !== 'open') return { kind: 'gone' };
  if (session.run && session.run.runId === (runId ?? session.run.runId))
    return { kind: 'active', runId: session.run.runId };
  const reply = session.state.messages.findLast(
    ({ id, role }) => role === 'assistant' && (runId === undefined || id === runId),
  );
  const run = reply?.metadata?.run;
  if (!run || !isTerminal(run.status)) return { kind: 'unknown' };
  return { kind: 'ended', runId: run.runId, status: run.status, attempt: run.attempt };
}
