import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createProblem, type Problem } from '#shared/problem.ts';
import type { Relay } from '../app.ts';
import { PROBLEM_HEADERS } from '../http/problem-response.ts';
import { createChunkedOutlets } from '../live/sinks/node-chunked.ts';
import { openNodeSink, type OpenedNodeSink } from '../live/sinks/node-response.ts';

/** What the server is created with. */
export interface ServerOptions {
  /** The relay, or an app of your own that passes requests on to it with the bindings that it was handed. */
  relay: Pick<Relay, 'fetch'>;
  /** The most streams that the relay opens, 0 for any number: the limit of connections is set above it. */
  maxStreams: number;
  /** How long the head of a request may take to arrive, in ms. 10 s by default. */
  headersTimeoutMs?: number;
  /** How long a whole request may take to arrive, in ms. 30 s by default. */
  requestTimeoutMs?: number;
  /** Called when a request failed before it reached the relay. */
  onError(error: unknown): void;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node checks for late requests, in ms. By default it is 30 s, by which both timeouts could be exceeded. */
const LATE_CHECK_MS = 1000;
/** How long a refused client may take to read the answer and close its side, in ms. */
const LINGER_MS = 1000;
/** Connections that are accepted besides those of streams. */
const SPARE_CONNECTIONS = 1024;
/** The limit of connections when streams have none: what one process can hold. */
const MOST_CONNECTIONS = 100_000;

/** The same for all, since each would be an object of its own. */
const NO_HEADERS = {};
const NO_RAW_HEADERS: string[] = [];

/**
 * Creates Node's HTTP server around a relay. Bytes that are not HTTP, and requests without a valid target, are answered
 * with a problem too.
 *
 * @example
 * const server = createServer({ relay, maxStreams: 10_000, onError: console.error });
 * await listen(server, { port: 8787, host: '127.0.0.1', onError: console.error });
 */
export function createServer(options: ServerOptions): Server {
  const { relay, maxStreams, onError } = options;
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const outletFor = createChunkedOutlets();
  /** The latest request of each connection. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const listener = getRequestListener(
    (request, { incoming, outgoing }) => carry(request, incoming as IncomingMessage, outgoing as ServerResponse),
    {
      overrideGlobalObjects: false,
      // For requests of HTTP/1.0 without a Host header, such as a load balancer's probes. No page has this origin.
      hostname: 'host.invalid',
      errorHandler(error) {
        // Before it reaches the relay the adapter only fails on the target or the Host header of a request.
        const isTheirs = error instanceof Error && error.name === 'RequestError';
        if (!isTheirs) onError(error);
        const problem = createProblem(isTheirs ? 'invalid-request' : 'internal');
        return new Response(JSON.stringify(problem), { status: problem.status, headers: PROBLEM_HEADERS });
      },
    },
  );

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    answers.set(incoming.socket, outgoing);
    if (incoming.headers.host !== undefined || incoming.httpVersion === '1.0') void listener(incoming, outgoing);
    else refuse(outgoing, 'A request of HTTP/1.1 must have a Host header.');
  }

  /** Has the relay answer. A stream is sent by the server itself, with the head that came back through all middleware. */
  async function carry(request: Request, incoming: IncomingMessage, outgoing: ServerResponse): Promise<Response> {
    let opened: OpenedNodeSink | undefined;
    const openSink = () => (opened = openNodeSink(outgoing, outletFor));
    let isCarried = false;
    try {
      const response = await relay.fetch(copyRequest(request, incoming), { incoming, outgoing, openSink });
      if (opened === undefined || response.body !== opened.body) return response;
      opened.begin(response);
      isCarried = true;
      forgetRequest(incoming);
      return RESPONSE_ALREADY_SENT;
    } finally {
      if (!isCarried) opened?.abandon();
    }
  }

  const server = createHttpServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: LATE_CHECK_MS,
      // Checked in `answer`: Node's own refusal is not a problem document.
      requireHostHeader: false,
    },
    answer,
  );
  server.maxConnections = maxStreams > 0 ? maxStreams + SPARE_CONNECTIONS : MOST_CONNECTIONS;
  server.on('checkExpectation', (_, outgoing) => refuse(outgoing, 'Expect: must be 100-continue.'));
  server.on('connect', (_, socket) => {
    // Node hands the socket over: without a listener an error of it would end the process.
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
    // Nothing can be written into the middle of an answer: the connection is cut.
    const isAnswering = begun?.headersSent === true && !begun.writableFinished;
    if (!socket.writable || isAnswering) socket.destroy();
    else endWith(socket, problem);
  }
}

/**
 * Copies a GET request, so that nobody keeps what is read from it: the adapter holds its own request until the response
 * closes, which takes hours for a stream, and with it every header that was read. 0.7 kB for each idle viewer.
 */
function copyRequest(request: Request, { rawHeaders }: IncomingMessage): Request {
  if (request.method !== 'GET') return request;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  return new Request(request.url, { headers });
}

/**
 * Drops what a request said, the token among it. A stream stays open for hours, Node keeps its request as long, and
 * nobody reads it any more.
 */
function forgetRequest(incoming: IncomingMessage): void {
  incoming.url = '';
  incoming.headers = NO_HEADERS;
  incoming.rawHeaders = NO_RAW_HEADERS;
}

/** The problem of bytes that are not an HTTP request, or of a request that is too large or too slow. */
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

/** Answers with a problem where there is no response to write to. Node no longer watches such a socket, so it is closed here. */
function endWith(socket: Duplex, problem: Problem): void {
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
  const body = JSON.stringify(problem);
  const lines = Object.entries(lastHeaders(body)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
}

/** The headers of an answer after which the connection is closed. */
function lastHeaders(body: string): Record<string, string> {
  return { ...PROBLEM_HEADERS, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
}
