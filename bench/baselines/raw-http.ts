/** The baseline for replays: a plain `node:http` server that answers each request with the same bytes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCommands } from '../harness/commands.ts';

let bytes = Buffer.alloc(0);

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': bytes.length });
  response.end(bytes);
});
server.listen({ port: 0, host: '127.0.0.1' });
await new Promise((resolve) => server.once('listening', resolve));

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  /** Sets the bytes. */
  hold: (content: Uint8Array): void => {
    bytes = Buffer.from(content);
  },
};
/** The commands of this process. */
export type RawHttp = typeof handlers;
serveCommands(handlers);
