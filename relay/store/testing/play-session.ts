import type { Cursor } from '#shared/cursor.ts';
import type { ChatChunk } from '#shared/protocol.ts';
import { encodeMessage } from '../entries/encode-message.ts';
import type { Lease, LogEntry, SessionStore } from '../session-store.ts';

/** The session that is played. */
export const SESSION = 'session-of-a-test';

/** A claimed run. */
export interface PlayedRun {
  runId: string;
  lease: Lease;
  /** Appends chunks, a thousand per call. */
  write(chunks: readonly ChatChunk[]): Promise<void>;
  complete(): Promise<void>;
}

/** Submits a prompt and claims its run, as a relay does. `parentId` makes the prompt an edit. */
export async function playRun(store: SessionStore, runId: string, parentId?: string): Promise<PlayedRun> {
  const messageId = `user-${runId}`;
  const message = encodeMessage({
    type: 'message',
    message: { id: messageId, role: 'user', parts: [{ type: 'text', text: `Question ${runId}` }] },
    runId,
    ...(parentId === undefined ? {} : { parentId }),
  });
  const answer = await store.submit(SESSION, { messageId, hash: messageId, runId, entries: [message] });
  if (answer.kind !== 'ok') throw new Error(`the prompt was not accepted: ${answer.kind}`);
  return claimRun(store, runId);
}

/** Claims the due run of `SESSION`. */
export async function claimRun(store: SessionStore, runId: string): Promise<PlayedRun> {
  const claimed = await store.claim(SESSION, {
    token: crypto.randomUUID(),
    owner: 'test',
    leaseMs: 60_000,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
  });
  if (claimed.kind !== 'lease') throw new Error(`the run was not claimed: ${claimed.kind}`);
  const { lease } = claimed;
  let seq = lease.next;

  return {
    runId,
    lease,
    async write(chunks) {
      const entries = chunks.map((chunk) => encodeMessage({ type: 'chunk', runId, chunk }));
      for (let at = 0; at < entries.length; at += 1000) {
        const batch = entries.slice(at, at + 1000);
        const answer = await store.append(SESSION, { fence: lease.fence, seq, entries: batch });
        if (answer.kind !== 'ok') throw new Error(`the chunks were not written: ${answer.kind}`);
        seq = answer.next;
      }
    },
    async complete() {
      const { attempt, fence } = lease;
      const entry = encodeMessage({ type: 'metadata', status: 'completed', runId, messageId: runId, attempt });
      const answer = await store.finish(SESSION, { fence, seq, entries: [entry] });
      if (answer.kind !== 'ok') throw new Error(`the run was not closed: ${answer.kind}`);
    },
  };
}

/** The log after a cursor. Rejects when the log does not continue there exactly. */
export async function entriesAfter(store: SessionStore, after: Cursor): Promise<LogEntry[]> {
  const answer = await store.read(SESSION, { after, limit: 100_000 });
  if (answer.kind !== 'exact') throw new Error(`the log does not continue after ${after}: ${answer.kind}`);
  return answer.entries;
}
