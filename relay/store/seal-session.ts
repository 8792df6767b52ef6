import { encodeMessages } from './entries/encode-messages.ts';
import { readSession } from './read-session.ts';
import type { SessionStore } from './session-store.ts';

/** Tries to seal: each one fails only if another relay has sealed the session meanwhile. */
const ATTEMPTS = 3;

/**
 * Folds the finished runs of a session into its transcript. Any relay may do so at any time, any number of times: the
 * fold of a finished run is always the same, and it is written only if nobody has sealed the session since it was read.
 * The last finished run stays in the log, so that a viewer with a cursor within it gets exactly the rest.
 *
 * @throws StoreError when the store cannot be reached; the session can be sealed later.
 */
export async function sealSession(store: Pick<SessionStore, 'read' | 'seal'>, sessionId: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const session = await readSession(store, sessionId);
    if (session.kind !== 'open' || session.lastFinishedFrom === null) return;
    const answer = await store.seal(sessionId, {
      from: session.sealed,
      to: session.finished.cursor,
      transcript: await encodeMessages(session.finished.messages),
      trimTo: session.lastFinishedFrom,
    });
    if (answer === 'ok') return;
  }
}
