import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { RelayEnv } from './endpoint.ts';
import type { ViewerSink } from '../live/sinks/viewer-sink.ts';
import { createWebSink } from '../live/sinks/web-sink.ts';

/**
 * Opens an endless response with these headers, whose names are in lower case. On Node what follows them is written to the
 * socket itself: the response ends with the connection, so it needs no frame around a frame, and nothing else is sent
 * over it. Hono's own streaming costs two to three times a bare `res.write` and twice the memory of an idle viewer.
 */
export function openSink(
  c: Context<RelayEnv>,
  headers: Record<string, string>,
): { sink: ViewerSink; response: Response } {
  const outgoing = c.env?.outgoing;
  // Without a socket an earlier request of the connection still waits for its end.
  if (!outgoing || !('useChunkedEncodingByDefault' in outgoing) || !outgoing.socket) {
    const { sink, body } = createWebSink();
    return { sink, response: c.body(body, 200, headers) };
  }
  const { socket } = outgoing;
  outgoing.useChunkedEncodingByDefault = false;
  // They leave in one packet with the first bytes of the replay, if these are at hand.
  socket.cork();
  outgoing.writeHead(200, { ...Object.fromEntries(c.res.headers), ...headers });
  outgoing.flushHeaders();
  queueMicrotask(() => socket.uncork());
  return { sink: socket, response: RESPONSE_ALREADY_SENT };
}
