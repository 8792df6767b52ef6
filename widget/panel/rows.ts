import type { ChatMessage, ChatPart } from '#shared/protocol.ts';
import type { ChatView } from '../session/types.ts';
import type { MessageProgress } from './rc-message.ts';

/** One message of the conversation, as it is drawn. */
export interface Row {
  message: ChatMessage;
  progress: MessageProgress;
  dimmed: readonly ChatPart[];
}

const NONE: readonly ChatPart[] = [];

/**
 * The messages of a view, with those on their way: a prompt that the relay has not accepted yet, and an answer of which
 * nothing has come. Both have the id of the message they will become, so that the element drawn for them stays.
 */
export function readRows(view: ChatView): Row[] {
  const { messages, run, pending, dimmed, status } = view;
  const rows = messages.map((message): Row => {
    const active = message.id === run?.messageId;
    return { message, progress: active ? 'writing' : 'done', dimmed: active ? dimmed : NONE };
  });
  if (pending && !messages.some(({ id }) => id === pending.messageId)) {
    const message = {
      id: pending.messageId,
      role: 'user' as const,
      parts: [{ type: 'text' as const, text: pending.text }],
    };
    const isDown = status === 'offline' || status === 'reconnecting' || view.retryAt !== null;
    const waiting = isDown && pending.accepted !== true;
    rows.push({ message, progress: waiting ? 'waiting' : 'sending', dimmed: NONE });
  }
  if (run && !messages.some(({ id }) => id === run.messageId)) {
    rows.push({ message: { id: run.messageId, role: 'assistant', parts: [] }, progress: 'writing', dimmed });
  }
  return rows;
}
