import type { Cursor } from '#shared/cursor.ts';
import { BYE_EVENT, PING_EVENT, type ByeReason } from '#shared/protocol.ts';
import type { LogEntry } from '../store/session-store.ts';

/** The headers of every event stream; in lower case, as `Headers` has them, so that these take the place of those. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  // no-transform: a proxy that compresses would hold frames back.
  'cache-control': 'no-cache, no-transform',
  // nginx buffers otherwise: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
  'x-accel-buffering': 'no',
} as const;

const encoder = new TextEncoder();

/**
 * The bytes of a text, in the form that the runtime writes fastest: on Node a `Buffer`, since its streams make one of
 * any other array, anew for each viewer.
 */
export const toBytes: (text: string) => Uint8Array =
  typeof Buffer === 'function' ? (text) => Buffer.from(text) : (text) => encoder.encode(text);

/**
 * One message of the log as an event. `data` is JSON of one line (JSON escapes every line break), so what a model or a
 * visitor wrote can begin no line of its own.
 */
export function encodeFrame({ id, from, prev, data }: LogEntry): string {
  const place = `${prev === undefined ? '' : `"prev":"${prev}",`}${from === undefined ? '' : `"from":"${from}",`}`;
  return `id: ${id}\ndata: ${place === '' ? data : `{${place}${data.slice(1)}`}\n\n`;
}

/** The transcript of all finished runs, standing for `cursor`. `messages` is the JSON text of an array. */
export function encodeSnapshot(sessionId: string, cursor: Cursor, messages: string): string {
  return `id: ${cursor}\ndata: {"type":"snapshot","sessionId":${JSON.stringify(sessionId)},"messages":${messages}}\n\n`;
}

export const PING: Uint8Array = toBytes(`event: ${PING_EVENT}\ndata: {}\n\n`);

/** A comment, which keeps a line alive without saying anything. */
export const COMMENT: Uint8Array = toBytes(':\n\n');

/** The last event before the relay closes a connection by its own will. */
export function encodeBye(reason: ByeReason, retryAfterMs: number): Uint8Array {
  return toBytes(`event: ${BYE_EVENT}\ndata: ${JSON.stringify({ reason, retryAfterMs })}\n\n`);
}
