import type { Cursor } from '#shared/cursor.ts';
import { BYE_EVENT, PING_EVENT, type ByeReason } from '#shared/protocol.ts';
import { mergeFeedback, type OpenSession } from '../store/read-session.ts';
import type { LogEntry } from '../store/session-store.ts';
import { mergeDeltas } from './merge-deltas.ts';

/** The headers of every event stream; lower case, as `Headers` has them, so that these replace those. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  // no-transform: a proxy that compresses would hold frames back.
  'cache-control': 'no-cache, no-transform',
  // nginx buffers otherwise: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
  'x-accel-buffering': 'no',
} as const;

const encoder = new TextEncoder();

/**
 * UTF-8, in the form that the runtime writes fastest: on Node a `Buffer`, since its streams wrap any other array in
 * one, anew for each viewer.
 */
export const toBytes: (text: string) => Uint8Array =
  typeof Buffer === 'function' ? (text) => Buffer.from(text) : (text) => encoder.encode(text);

/**
 * One message of the log as an event. `data` is JSON of one line (JSON escapes every line break), so nothing that a
 * model or a visitor wrote can begin a line of its own.
 */
export function encodeFrame({ id, from, prev, data }: LogEntry): string {
  const place = `${prev === undefined ? '' : `"prev":"${prev}",`}${from === undefined ? '' : `"from":"${from}",`}`;
  return `id: ${id}\ndata: ${place === '' ? data : `{${place}${data.slice(1)}`}\n\n`;
}

/** Entries as the text of their events, deltas merged where that can be. */
export function encodeEntries(entries: readonly LogEntry[]): string {
  let text = '';
  for (const entry of mergeDeltas(entries)) text += encodeFrame(entry);
  return text;
}

/** The transcript of all finished runs, standing for `cursor`. `messages` is the JSON text of an array. */
export function encodeSnapshot(sessionId: string, cursor: Cursor, messages: string): string {
  return `id: ${cursor}\ndata: {"type":"snapshot","sessionId":${JSON.stringify(sessionId)},"messages":${messages}}\n\n`;
}

/** The snapshot of a session that was read whole, with its ratings in place. */
export function encodeSession(sessionId: string, { finished, feedback }: OpenSession): string {
  return encodeSnapshot(sessionId, finished.cursor, JSON.stringify(mergeFeedback(finished.messages, feedback)));
}

/** Says that a viewer has caught up, and later that the line is alive. */
export const PING: Uint8Array = toBytes(`event: ${PING_EVENT}\ndata: {}\n\n`);

/** Keeps a line alive without saying anything. */
export const COMMENT: Uint8Array = toBytes(':\n\n');

/** The last event before the relay closes a stream by its own will. */
export function encodeBye(reason: ByeReason, retryAfterMs: number): Uint8Array {
  return toBytes(`event: ${BYE_EVENT}\ndata: ${JSON.stringify({ reason, retryAfterMs })}\n\n`);
}
