import type { ChatMessage } from '#shared/protocol.ts';
import { createTimeSlice } from '../../util/time-slice.ts';

/** `JSON.stringify(messages)`, some at a time, and serves others in between: a conversation may have many megabytes. */
export async function encodeMessages(messages: readonly ChatMessage[]): Promise<string> {
  const pause = createTimeSlice();
  const texts: string[] = [];
  for (const message of messages) {
    const turn = pause();
    if (turn) await turn;
    texts.push(JSON.stringify(message));
  }
  return `[${texts.join(',')}]`;
}
