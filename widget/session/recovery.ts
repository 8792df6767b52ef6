import { isTerminal, type ChatChunk, type ChatPart, type StreamMessage } from '#shared/protocol.ts';
import type { SessionState } from '#shared/fold/session.ts';

/** What a view shows about interruptions. The conversation itself does not keep it. */
export interface Recovery {
  /** Parts that the last takeover cut and that new text has not replaced yet. */
  dimmed: readonly ChatPart[];
  /** Takeovers of the active or last run, as seen here. */
  recoveries: number;
}

/** No interruption. */
export const NO_RECOVERY: Recovery = { dimmed: [], recoveries: 0 };

/** The recovery after `message`, which led from state `before` to `after`. */
export function trackRecovery(
  recovery: Recovery,
  message: StreamMessage,
  before: SessionState,
  after: SessionState,
): Recovery {
  switch (message.type) {
    case 'snapshot':
    case 'message':
      return NO_RECOVERY;
    case 'metadata': {
      if (message.status === 'queued') return NO_RECOVERY;
      if (isTerminal(message.status)) return { ...recovery, dimmed: [] };
      if (message.status !== 'restarted' || after.run?.runId !== message.runId) return recovery;
      const cut = partsOf(before, message.messageId).slice(partsOf(after, message.messageId).length);
      // A second takeover before any new text cuts nothing more: the dimmed parts stay on view.
      return { dimmed: cut.length > 0 ? cut : recovery.dimmed, recoveries: recovery.recoveries + 1 };
    }
    case 'chunk':
      return recovery.dimmed.length > 0 && isVisible(message.chunk) ? { ...recovery, dimmed: [] } : recovery;
    default:
      return recovery;
  }
}

function partsOf(state: SessionState, messageId: string): readonly ChatPart[] {
  return state.messages.findLast(({ id }) => id === messageId)?.parts ?? [];
}

/** Whether a chunk brings new text; some only open a part. */
function isVisible({ type }: ChatChunk): boolean {
  return type !== 'start' && type !== 'start-step' && type !== 'text-start' && type !== 'reasoning-start';
}
