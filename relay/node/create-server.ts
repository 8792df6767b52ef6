import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { createProblem, type Problem } from '#shared/problem.ts';
import type { Relay } from '../app.ts';
import { PROBLEM_HEADERS } from '../http/problem-response.ts';

export interface ServerOptions {
  relay: Relay;
  /** 0 = any number. */
  maxStreams: number;
  /** How long the head of a request may take, and all of it; 10 s and 30 s unless told. */
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
  onError(error: unknown): void;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for late requests: by default every 30 s only, so that both limits could be passed by as much. */
const LATE_CHECK_MS = 1000;
/** How long a refused client may take to read why and to close its end. */
const LINGER_MS = 1000;
/** Connections besides the streams. */
const SPARE_CONNECTIONS = 1024;
/** When streams are not limited: what one process can sensibly hold. */
const MOST_CONNECTIONS = 100_000;

/** The same for all, since each would be an object of its own. */
const NO_HEADERS = {};
const NO_RAW_HEADERS: string[] = [];

/** The relay behind Node's HTTP server; what is no HTTP, or no address, is answered with a problem too. */
export function createServer(options: ServerOptions): Server {
  const { relay, maxStreams, onError } = options;
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  /** What was last asked for over each connection. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const listener = getRequestListener((request, env) => relay.fetch(request, env as Parameters<Relay['fetch']>[1]), {
    overrideGlobalObjects: false,
    // Requests of HTTP/1.0, such as a load balancer's probes, may come without one; no page has this origin.
    hostname: 'host.invalid',
    errorHandler(error) {
      // Before the relay is reached the adapter only fails on the address or the Host header of a request.
      const isTheirs = error instanceof Error && error.name === 'RequestError';
      if (!isTheirs) onError(error);
      const problem = createProblem(isTheirs ? 'invalid-request' : 'internal');
      return new Response(JSON.stringify(problem), { status: problem.status, headers: PROBLEM_HEADERS });
    },
  });

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    answers.set(incoming.socket, outgoing);
    if (incoming.headers.host !== undefined || incoming.httpVersion === '1.0') void hand(incoming, outgoing);
    else refuse(outgoing, 'A request of HTTP/1.1 names its host.');
  }

  async function hand(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const others = outgoing.listenerCount('close');
    const answered = listener(incoming, outgoing);
    // Within that call the adapter alone begins to listen: to abort its request, which it holds, if the client goes away.
    const adapters = outgoing.listeners('close').slice(others);
    await answered;
    if (outgoing.writableEnded) return;
    for (const adapter of adapters) outgoing.off('close', adapter as () => void);
    forgetRequest(incoming);
  }

  const server = createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: LATE_CHECK_MS,
      // Node's own refusal would be no problem document.
      requireHostHeader: false,
    },
    answer,
  );
  server.maxConnections = maxStreams > 0 ? maxStreams + SPARE_CONNECTIONS : MOST_CONNECTIONS;
  server.on('checkExpectation', (_, outgoing) => refuse(outgoing, 'Expect: must be 100-continue.'));
  server.on('connect', (_, socket) => {
    // Node lets go of such a socket: nobody else listens for its errors, and one that nobody hears ends the process.
    socket.on('error', () => socket.destroy());
    hangUp(socket, createProblem('invalid-request', { detail: 'The relay is no proxy.' }));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else hangUp(socket, problemOf(error));
  });
  return server;

  function hangUp(socket: Duplex, problem: Problem): void {
    const begun = answers.get(socket);
    // Into the middle of an answer nothing else can be written: the client sees the line end.
    const isAnswering = begun?.headersSent === true && !begun.writableFinished;
    if (!socket.writable || isAnswering) socket.destroy();
    else endWith(socket, problem);
  }
}

/**
 * A stream stays open for hours, and Node keeps its request as long: what that said, the token too, is a tenth of what an
 * idle viewer costs, and nobody reads it any more.
 */
function forgetRequest(incoming: IncomingMessage): void {
  incoming.url = '';
  incoming.headers = NO_HEADERS;
  incoming.rawHeaders = NO_RAW_HEADERS;
}

/** Of bytes that are no HTTP request, or one that is too much. */
function problemOf({ code }: NodeJS.ErrnoException): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return createProblem('invalid-request', { detail: 'The request took too long to arrive.', retryable: true });
    case 'HPE_HEADER_OVERFLOW':
      return createProblem('invalid-request', { detail: 'The head of the request is too long.' });
    default:
      return createProblem('invalid-request');
  }
}

function refuse(outgoing: ServerResponse, detail: string): void {
  const problem = createProblem('invalid-request', { detail });
  const body = JSON.stringify(problem);
  outgoing.writeHead(problem.status, lastHeaders(body)).end(body);
}

/** The same where there is no response to write to. Node watches such a socket no longer, so it is closed from here. */
function endWith(socket: Duplex, problem: Problem): void {
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
  const body = JSON.stringify(problem);
  const lines = Object.entries(lastHeaders(body)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
}

/** Of an answer after which the connection is closed. */
function lastHeaders(body: string): Record<string, string> {
  return { ...PROBLEM_HEADERS, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
}
