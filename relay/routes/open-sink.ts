import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { RelayEnv } from './endpoint.ts';
import type { ViewerSink } from '../live/viewer-sink.ts';
import { createWebSink } from '../live/web-sink.ts';

/**
 * Opens an endless response with these headers, whose names are in lower case. On Node it is written to directly, without
 * chunked encoding: Hono's own streaming costs two to three times a bare `res.write` and twice the memory of an idle
 * viewer.
 */
export function openSink(c: Context<RelayEnv>, headers: Record<string, string>): { sink: ViewerSink; response: Response } {
  const outgoing = c.env?.outgoing;
  if (!outgoing || !('useChunkedEncodingByDefault' in outgoing)) {
    const { sink, body } = createWebSink();
    return { sink, response: c.body(body, 200, headers) };
  }
  // The response ends with the connection; so no frame needs another frame around it.
  outgoing.useChunkedEncodingByDefault = false;
  // They leave with the first bytes of the replay, in one packet.
  outgoing.writeHead(200, { ...Object.fromEntries(c.res.headers), ...headers });
  return { sink: outgoing, response: RESPONSE_ALREADY_SENT };
}
