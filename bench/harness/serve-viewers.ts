import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Starts a plain `node:http` server that answers each viewer with an event stream, for the baselines on Redis. */
export async function serveViewers(
  onViewer: (channel: string, response: ServerResponse) => void,
): Promise<{ port: number }> {
  const server = createServer((request, response) => {
    const channel = new URL(request.url ?? '/', 'http://localhost').searchParams.get('sessionId') ?? '';
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
    response.flushHeaders();
    onViewer(channel, response);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port };
}
