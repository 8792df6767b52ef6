import type { ChatChunk } from '#shared/protocol.ts';
import type { LogMessage } from '../../store/entries/encode-message.ts';
import { byteLength } from '../../util/byte-length.ts';

type Delta = Extract<ChatChunk, { type: 'text-delta' | 'reasoning-delta' | 'tool-input-delta' }>;

/** Text of a merged delta at most, in UTF-16 code units. */
const MAX_MERGED_TEXT = 32 * 1024;

/** Messages that wait to be written; adjacent deltas of one part are merged into one. */
export interface MessageQueue {
  /** False when the message needs more than `room` bytes; then it is not queued. */
  push(message: LogMessage, room?: number): boolean;
  /** Empties the queue; answers its messages in order. */
  take(): LogMessage[];
  readonly length: number;
  /** Bytes they will take in the log, about: text of deltas in UTF-8 plus 100 an entry, other messages as JSON. */
  readonly bytes: number;
}

/** Room for all of a delta's entry but its text, in bytes. */
const DELTA_OVERHEAD = 100;

/** An empty queue. */
export function createMessageQueue(): MessageQueue {
  let messages: LogMessage[] = [];
  let bytes = 0;
  /** The last message while deltas are still merged into it. Its texts are joined once, when it is closed. */
  let open: { message: LogMessage & { type: 'chunk' }; delta: Delta; texts: string[]; length: number } | null = null;

  function closeOpen(): void {
    if (!open) return;
    const { message, delta, texts } = open;
    open = null;
    if (texts.length === 1) return;
    const text = texts.join('');
    const chunk: Delta =
      delta.type === 'tool-input-delta' ? { ...delta, inputTextDelta: text } : { ...delta, delta: text };
    messages[messages.length - 1] = { ...message, chunk };
  }

  return {
    push(message, room = Infinity) {
      const delta = message.type === 'chunk' && isPlainDelta(message.chunk) ? message.chunk : null;
      const text = delta ? textOf(delta) : '';
      const size = delta ? byteLength(text) + DELTA_OVERHEAD : byteLength(JSON.stringify(message));
      if (size > room) return false;
      bytes += size;
      if (delta && open && isSamePart(open.delta, delta) && open.length + text.length <= MAX_MERGED_TEXT) {
        open.texts.push(text);
        open.length += text.length;
        bytes -= DELTA_OVERHEAD;
        return true;
      }
      closeOpen();
      messages.push(message);
      if (delta && message.type === 'chunk') open = { message, delta, texts: [text], length: text.length };
      return true;
    },

    take() {
      closeOpen();
      const taken = messages;
      messages = [];
      bytes = 0;
      return taken;
    },

    get length() {
      return messages.length;
    },

    get bytes() {
      return bytes;
    },
  };
}

/** A delta with no field but its text and the id of its part. One with provider metadata is never merged. */
function isPlainDelta(chunk: ChatChunk): chunk is Delta {
  if (chunk.type !== 'text-delta' && chunk.type !== 'reasoning-delta' && chunk.type !== 'tool-input-delta')
    return false;
  let fields = 0;
  for (const key in chunk) if (chunk[key as keyof typeof chunk] !== undefined) fields += 1;
  return fields === 3;
}

function isSamePart(a: Delta, b: Delta): boolean {
  if (a.type === 'tool-input-delta' || b.type === 'tool-input-delta') {
    return a.type === b.type && 'toolCallId' in a && 'toolCallId' in b && a.toolCallId === b.toolCallId;
  }
  return a.type === b.type && a.id === b.id;
}

function textOf(delta: Delta): string {
  return delta.type === 'tool-input-delta' ? delta.inputTextDelta : delta.delta;
}
