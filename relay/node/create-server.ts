import { createServer as createHttpServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createProblem } from '#shared/problem.ts';
import type { Relay } from '../app.ts';

export interface ServerOptions {
  relay: Relay;
  /** 0 = any number. */
  maxStreams: number;
  /** How long the head of a request may take; 10 s unless told. */
  headersTimeoutMs?: number;
  onError(error: unknown): void;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for late requests: by default every 30 s only, so that both limits could be passed by as much. */
const LATE_CHECK_MS = 1000;
/** Connections besides the streams. */
const SPARE_CONNECTIONS = 1024;
/** When streams are not limited: what one process can sensibly hold. */
const MOST_CONNECTIONS = 100_000;

/** The relay behind Node's HTTP server; what is no HTTP, or no address, is answered with a problem too. */
export function createServer(options: ServerOptions): Server {
  const { relay, maxStreams, headersTimeoutMs = HEADERS_TIMEOUT_MS, onError } = options;
  const listener = getRequestListener((request, env) => relay.fetch(request, env as Parameters<Relay['fetch']>[1]), {
    overrideGlobalObjects: false,
    // Requests of HTTP/1.0, such as a load balancer's probes, may come without one; no page has this origin.
    hostname: 'host.invalid',
    errorHandler(error) {
      // Before the relay is reached the adapter only fails on the address or the Host header of a request.
      const isTheirs = error instanceof Error && error.name === 'RequestError';
      if (!isTheirs) onError(error);
      const problem = createProblem(isTheirs ? 'invalid-request' : 'internal');
      return new Response(JSON.stringify(problem), {
        status: problem.status,
        headers: { 'Content-Type': 'application/problem+json' },
      });
    },
  });
  const server = createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: LATE_CHECK_MS,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.maxConnections = maxStreams > 0 ? maxStreams + SPARE_CONNECTIONS : MOST_CONNECTIONS;
  server.on('clientError', refuseGarbage);
  return server;
}

/** Bytes that are no HTTP request, or one that takes too long. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(createProblem('invalid-request'));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
