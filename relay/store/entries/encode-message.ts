import type { ChatChunk, StreamMessage } from '#shared/protocol.ts';

/** A message of the log as a writer gives it to the store, which adds its position (`prev`, `from`). */
export type LogMessage = Exclude<StreamMessage, { type: 'snapshot' }>;

/**
 * The JSON text of a message for the log. Text and reasoning deltas are written in one exact form,
 *
 *     {"type":"chunk","runId":"…","chunk":{"type":"text-delta","id":"…","delta":"…"}}
 *
 * with these keys, in this order, and nothing else, so that `groupDeltas` can work on the text. A delta with other fields
 * (`providerMetadata`) is written with all of them, and is never merged.
 */
export function encodeMessage(message: LogMessage): string {
  if (message.type === 'chunk' && saysOnly(message, MESSAGE_KEYS) && isPlainDelta(message.chunk)) {
    const { type, id, delta } = message.chunk;
    return `${deltaHead(message.runId, type, id)}${JSON.stringify(delta).slice(1)}}}`;
  }
  return JSON.stringify(message);
}

const MESSAGE_KEYS = ['type', 'runId', 'chunk'];
const DELTA_KEYS = ['type', 'id', 'delta'];

type Delta = Extract<ChatChunk, { type: 'text-delta' | 'reasoning-delta' }>;

/** JSON before the text of a delta, up to and including its opening quotation mark. */
function deltaHead(runId: string, type: Delta['type'], id: string): string {
  return `{"type":"chunk","runId":${JSON.stringify(runId)},"chunk":{"type":"${type}","id":${JSON.stringify(id)},"delta":"`;
}

function isPlainDelta(chunk: ChatChunk): chunk is Delta {
  if (chunk.type !== 'text-delta' && chunk.type !== 'reasoning-delta') return false;
  if (typeof chunk.id !== 'string' || typeof chunk.delta !== 'string') return false;
  return saysOnly(chunk, DELTA_KEYS);
}

function saysOnly(value: object, keys: readonly string[]): boolean {
  // Called for every token: `Object.keys` would cost more than everything else here.
  for (const key in value) if (!keys.includes(key) && value[key as keyof typeof value] !== undefined) return false;
  return true;
}
