import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openRelayStage } from '../testing/relay-stage.ts';
import { createServer } from './create-server.ts';

// A late request is found out within a second or two.
vi.setConfig({ testTimeout: 15_000 });

/** A relay behind a server, a plain socket to it, and the server's end of that. */
async function openSocket({ allowHalfOpen = false } = {}) {
  const stage = openRelayStage();
  const server = createServer({
    relay: stage.relay,
    maxStreams: 0,
    headersTimeoutMs: 200,
    requestTimeoutMs: 400,
    onError: (error) => expect.unreachable(String(error)),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen });
  const [peer] = await accepted;
  onTestFinished(async () => {
    socket.destroy();
    server.close();
    await once(server, 'close');
    await stage.close();
  });
  const heard = { text: '' };
  // A drop that meets the closed end is answered by a reset; what counts is what came before.
  socket.on('error', () => {}).on('data', (bytes) => (heard.text += bytes.toString()));
  return { stage, server, socket, peer, heard };
}

/** Asks for a stream over it, and waits until the viewer is live. */
async function openStream({ stage, socket, heard }: Awaited<ReturnType<typeof openSocket>>): Promise<void> {
  const session = await stage.mint();
  await stage.prompt(session);
  const { sessionId, token } = session;
  socket.write(
    `GET /api/check-stream?sessionId=${sessionId} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  await expect.poll(() => heard.text, { timeout: 5000 }).toContain('event: ping');
}

/** An answer as it came over the line. */
function readAnswer(text: string) {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = new Headers(fields.map((field) => field.split(': ', 2) as [string, string]));
  return {
    line,
    type: headers.get('content-type'),
    connection: headers.get('connection'),
    problem: JSON.parse(body) as { code: string; detail?: string },
  };
}

function refusal(detail?: string) {
  return {
    line: 'HTTP/1.1 400 Bad Request',
    type: 'application/problem+json',
    connection: 'close',
    problem: { status: 400, code: 'invalid-request', ...(detail === undefined ? {} : { detail }) },
  };
}

it('times out a request whose head arrives byte by byte', async () => {
  const { socket, heard } = await openSocket();
  const drops = setInterval(() => socket.writable && socket.write('x'), 50);
  onTestFinished(() => clearInterval(drops));
  socket.write('GET /healthz HTTP/1.1\r\nHost: relay.example\r\nX-Slow: ');
  await once(socket, 'close');
  expect(readAnswer(heard.text)).toMatchObject(refusal('The request took too long to arrive.'));
});

it.each([
  [
    'a body that does not come',
    'POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    'The request took too long to arrive.',
  ],
  [
    'a head that is too long',
    `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    'The head of the request is too long.',
  ],
  [
    'an expectation that cannot be met',
    'GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: the-unexpected\r\n\r\n',
    'Expect: must be 100-continue.',
  ],
  ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 'A request of HTTP/1.1 must have a Host header.'],
  ['a wish for a proxy', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n', 'The relay is no proxy.'],
  ['nonsense', 'nonsense\r\n\r\n', undefined],
])('answers %s with a problem, and hangs up', async (_, bytes, detail) => {
  const { socket, heard } = await openSocket();
  socket.write(bytes);
  await once(socket, 'close');
  expect(readAnswer(heard.text)).toMatchObject(refusal(detail));
});

it('answers a request that expects 100-continue', async () => {
  const { socket, heard } = await openSocket();
  const head =
    'POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';
  socket.write(head);
  await expect.poll(() => heard.text, { timeout: 5000 }).toMatch(/^HTTP\/1\.1 100 /);
  socket.write('{}');
  await expect.poll(() => heard.text, { timeout: 5000 }).toMatch(/\r\nHTTP\/1\.1 201 /);
});

it('survives a client that sends CONNECT and then resets the connection', async () => {
  const { socket, peer, heard } = await openSocket({ allowHalfOpen: true });
  socket.write('CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n');
  await expect.poll(() => heard.text, { timeout: 5000 }).toContain('The relay is no proxy.');
  // An error that nobody hears would end the process, and this run of tests with it.
  const closed = new Promise((resolve) => peer.once('close', resolve));
  socket.resetAndDestroy();
  expect(await closed, 'closed by an error').toBe(true);
});

it.each(['CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n', 'nonsense\r\n\r\n', 'GET /healthz HT'])(
  'closes its end on a client that never closes its own: %j',
  async (bytes) => {
    const { socket, peer, heard } = await openSocket({ allowHalfOpen: true });
    socket.write(bytes);
    await once(peer, 'close');
    expect(heard.text).toMatch(/^HTTP\/1\.1 400 /);
  },
);

it.each(['nonsense\r\n\r\n', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n'])(
  'writes nothing into a stream whose viewer sends %j: it ends',
  async (bytes) => {
    const opened = await openSocket();
    const { socket, heard } = opened;
    await openStream(opened);
    socket.write(bytes);
    await once(socket, 'close');
    expect(heard.text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    // The last whole chunk, and none that says that this is the end.
    expect(heard.text).toMatch(/\ndata: \{\}\n\n\r\n$/);
  },
);

it('frees the request of a viewer whose stream is open, and notices when the viewer leaves', async () => {
  const opened = await openSocket();
  const { stage, server, socket } = opened;
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  await openStream(opened);
  const [incoming] = await asked;
  const { url, headers, rawHeaders } = incoming;
  expect({ url, headers, rawHeaders }).toEqual({ url: '', headers: {}, rawHeaders: [] });
  expect(stage.relay.streams).toBe(1);
  socket.destroy();
  await expect.poll(() => stage.relay.streams, { timeout: 5000 }).toBe(0);
});

it('queues a stream that is pipelined behind another one, and notices when both leave', async () => {
  const opened = await openSocket();
  const { stage, socket, heard } = opened;
  await openStream(opened);
  const session = await stage.mint();
  await stage.prompt(session);
  const { sessionId, token } = session;
  socket.write(
    `GET /api/check-stream?sessionId=${sessionId} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  await expect.poll(() => stage.relay.streams, { timeout: 5000 }).toBe(2);
  expect(heard.text.match(/HTTP\/1\.1 200 /g)).toHaveLength(1);
  expect(heard.text).not.toContain(sessionId);
  socket.destroy();
  await expect.poll(() => stage.relay.streams, { timeout: 5000 }).toBe(0);
});

it('sends a stream with its own headers in place of those of every answer', async () => {
  const opened = await openSocket();
  const { heard } = opened;
  await openStream(opened);
  const [, ...fields] = (heard.text.split('\r\n\r\n', 1)[0] ?? '').toLowerCase().split('\r\n');
  const named = fields.map((field) => field.replace(/^(date|x-request-id): .+/, '$1'));
  expect(named.toSorted()).toEqual([
    'cache-control: no-cache, no-transform',
    'connection: keep-alive',
    'content-type: text/event-stream',
    'date',
    'keep-alive: timeout=5',
    'transfer-encoding: chunked',
    'vary: origin',
    'x-accel-buffering: no',
    'x-content-type-options: nosniff',
    'x-request-id',
  ]);
});

it('answers an HTTP/1.0 probe without a Host header', async () => {
  const { socket, heard } = await openSocket();
  socket.write('GET /healthz HTTP/1.0\r\n\r\n');
  await once(socket, 'close');
  expect(heard.text).toMatch(/^HTTP\/1\.1 200 /);
});
