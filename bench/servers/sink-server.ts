/**
 * One server whose viewers are written to in one of several ways: by `response.write`, as one writes it by hand, and by
 * each sink that the relay's own server may use. The path of a request names the way.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChunkedOutlets } from '#relay/live/sinks/node-chunked.ts';
import { openNodeSink } from '#relay/live/sinks/node-response.ts';
import { serveCommands } from '../harness/commands.ts';

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' };

/** Begins a response; answers how a frame is written to it. */
type Begin = (response: ServerResponse) => (frame: Uint8Array) => void;

const outletFor = createChunkedOutlets();
const WAYS = {
  'bare-write': (response) => {
    response.writeHead(200, HEADERS);
    response.flushHeaders();
    return (frame) => void response.write(frame);
  },
  'node-response': (response) => {
    const { sink, begin } = openNodeSink(response);
    begin(new Response(null, { headers: HEADERS }));
    return (frame) => sink.write(frame);
  },
  'node-chunked': (response) => {
    const { sink, begin } = openNodeSink(response, outletFor);
    begin(new Response(null, { headers: HEADERS }));
    return (frame) => sink.write(frame);
  },
} satisfies Record<string, Begin>;

export type Way = keyof typeof WAYS;

const viewers: Record<Way, ((frame: Uint8Array) => void)[]> = {
  'bare-write': [],
  'node-response': [],
  'node-chunked': [],
};

const server = createServer((request, response) => {
  const way = request.url?.slice(1) as Way;
  viewers[way].push(WAYS[way](response));
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await new Promise((resolve) => server.once('listening', resolve));

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  /** Writes frames of `length` bytes to all viewers of one way, `rate` a second; resolves with microseconds of CPU per frame and viewer. */
  write: async ({ way, frames, rate, length }: { way: Way; frames: number; rate: number; length: number }) => {
    const text = 'x'.repeat(length);
    const before = process.cpuUsage();
    for (let count = 0; count < frames; count += 1) {
      const frame = Buffer.from(text);
      for (const write of viewers[way]) write(frame);
      await sleep(1000 / rate);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / frames / viewers[way].length;
  },
};
export type SinkServer = typeof handlers;
serveCommands(handlers);
