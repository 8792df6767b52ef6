import type { Context } from 'hono';
import { createWebSink, type OpenedSink } from '../live/sinks/web.ts';
import type { Sink } from '../live/sinks/port.ts';
import type { RelayEnv } from './endpoint.ts';

/**
 * Opens a response that stays open, with these headers. A server that has a better way to send one than a
 * `ReadableStream` hands it in (`openSink` of the bindings).
 */
export function openSink(c: Context<RelayEnv>, headers: Record<string, string>): { sink: Sink; response: Response } {
  const { sink, body }: OpenedSink = (c.env?.openSink ?? createWebSink)();
  return { sink, response: c.body(body, 200, headers) };
}
