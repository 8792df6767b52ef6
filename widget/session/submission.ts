import { compareCursors, type Cursor } from '#shared/cursor.ts';
import type { SessionState } from '#shared/fold/session.ts';
import type { Frame } from '#shared/protocol.ts';

/** A prompt, or without text a regenerate, from its sending until it is part of the conversation. */
export interface Submission {
  messageId: string;
  text: string | undefined;
  parentId: string | undefined;
  /** Failed attempts to bring it to the relay. */
  failures: number;
  /** The run it started and the place in the log just before it, once the relay has answered. */
  accepted: { runId: string; after: Cursor; pings: number } | null;
  /** Its change has appeared in the log, but the relay has not yet confirmed that this submission made it. */
  seen: boolean;
}

/**
 * What a frame of the log tells about a submission:
 * - `arrived`: the log has gone past it, so it is part of the conversation.
 * - `shown`: its message is in the conversation, although no answer to the request has come.
 * - `queued`: the log shows a regenerate of the same parent, probably this one.
 */
export function matchFrame(
  { accepted, messageId, parentId }: Submission,
  { id, message }: Frame,
  session: SessionState,
): 'arrived' | 'shown' | 'queued' | null {
  if (accepted) return compareCursors(id, accepted.after) > 0 ? 'arrived' : null;
  if (session.messages.some((shown) => shown.id === messageId)) return 'shown';
  const isQueued = message.type === 'metadata' && message.status === 'queued' && message.parentId === parentId;
  return isQueued ? 'queued' : null;
}
