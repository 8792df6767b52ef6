import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import { bearer, openRelayStage, type RelayStage } from '../testing/relay-stage.ts';
import { openStream } from '../testing/stream-reader.ts';
import { createServer } from './create-server.ts';

vi.setConfig({ testTimeout: 15_000 });

type Fetch = RelayStage['relay']['fetch'];

/** The relay behind its own server; `around` may put an app in between. */
async function openStage(around: (fetch: Fetch) => Fetch = (fetch) => fetch) {
  const stage = openRelayStage({ timing: { activePollMs: 250, idlePollMs: 250 } });
  const failed: unknown[] = [];
  const fetch = around((request, env) => stage.relay.fetch(request, env));
  const server = createServer({ relay: { fetch }, maxStreams: 0, onError: (error) => failed.push(error) });
  const port = await listen(server);
  onTestFinished(() => stage.close());
  const session = await stage.mint();
  await stage.prompt(session);
  return { stage, server, port, session, failed };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A plain connection, and what was received over it. */
function openLine(port: number): { socket: Socket; heard: { text: string } } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  const heard = { text: '' };
  socket.on('error', () => undefined).on('data', (bytes) => (heard.text += bytes.toString()));
  return { socket, heard };
}

function ask({ sessionId, token }: MintAnswer, version = '1.1'): string {
  const path = `/api/check-stream?sessionId=${sessionId}&until=idle`;
  return `GET ${path} HTTP/${version}\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
}

it('reuses the connection after a stream has ended', async () => {
  const { stage, port, session } = await openStage();
  const { socket, heard } = openLine(port);
  socket.write(ask(session));
  await expect.poll(() => heard.text).toContain('event: ping');
  await stage.answer(session);
  await expect.poll(() => heard.text).toMatch(/"status":"completed".*\n\n\r\n0\r\n\r\n$/);
  expect(stage.relay.streams).toBe(0);
  heard.text = '';
  socket.write(ask(session));
  await expect
    .poll(() => heard.text)
    .toMatch(/^HTTP\/1\.1 200 OK\r\n(.|\r|\n)*event: ping\ndata: {}\n\n\r\n0\r\n\r\n$/);
  heard.text = '';
  socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => heard.text).toMatch(/^HTTP\/1\.1 200 OK/);
});

it('sends an HTTP/1.0 client a stream that ends with the connection', async () => {
  const { stage, port, session } = await openStage();
  const { socket, heard } = openLine(port);
  const closed = once(socket, 'end');
  socket.write(ask(session, '1.0'));
  await expect.poll(() => heard.text).toContain('event: ping');
  await stage.answer(session);
  await closed;
  expect(heard.text).not.toMatch(/transfer-encoding/i);
  expect(heard.text).toMatch(/"status":"completed".*\n\n$/);
});

it('treats a viewer that half-closes its connection as gone, without a clientError', async () => {
  const { stage, server, port, session } = await openStage();
  const faults: Error[] = [];
  server.on('clientError', (error) => faults.push(error));
  const pen = await stage.write(session.sessionId);
  const { socket, heard } = openLine(port);
  socket.write(ask(session));
  await expect.poll(() => heard.text).toContain('event: ping');
  socket.end();
  // Before and after the server notices.
  for (let i = 0; i < 20 && stage.relay.streams > 0; i += 1) await pen.text(`${i} `);
  await expect.poll(() => stage.relay.streams).toBe(0);
  await pen.text('and later');
  expect(faults).toEqual([]);
});

it('sends headers that middleware sets after next()', async () => {
  const { port, session, failed } = await openStage((fetch) => {
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.res.headers.set('server-timing', 'total;dur=1');
      c.res.headers.append('set-cookie', 'a=1');
      c.res.headers.append('set-cookie', 'b=2');
    });
    app.mount('/', fetch);
    return (request, env) => app.fetch(request, env);
  });
  const url = `http://127.0.0.1:${port}/api/check-stream?sessionId=${session.sessionId}`;
  const stream = await openStream(url, bearer(session.token));
  await stream.caughtUp();
  expect(stream.response.headers.get('server-timing')).toBe('total;dur=1');
  expect(stream.response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
  await stream.leave();
  expect(failed).toEqual([]);
});

it.each<[string, (response: Response) => Response]>([
  ['replaces', () => new Response(new ReadableStream(), { status: 418 })],
  [
    'fails on',
    () => {
      throw new Error('middleware failed');
    },
  ],
])('closes the stream of an answer that middleware %s', async (_, act) => {
  const { stage, port, session } = await openStage((fetch) => async (request, env) => act(await fetch(request, env)));
  const url = `http://127.0.0.1:${port}/api/check-stream?sessionId=${session.sessionId}`;
  const response = await fetch(url, { headers: bearer(session.token) });
  expect([418, 500]).toContain(response.status);
  // At once, though the other answer is still open.
  expect(stage.relay.streams).toBe(0);
  await response.body?.cancel();
});

it('streams through the server and middleware of a host, and reuses its connections', async () => {
  const { stage, session } = await openStage();
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.res.headers.set('server-timing', 'total;dur=1');
  });
  app.mount('/chat', stage.relay.fetch);
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const port = await listen(createHttpServer((incoming, outgoing) => void answer(incoming, outgoing)));
  const { socket, heard } = openLine(port);
  socket.write(ask(session).replace('GET /', 'GET /chat/'));
  await expect.poll(() => heard.text).toContain('event: ping');
  expect(heard.text).toMatch(/^server-timing: total;dur=1\r$/m);
  await stage.answer(session);
  await expect.poll(() => heard.text).toMatch(/"status":"completed".*\n\n\r\n0\r\n\r\n$/);
  heard.text = '';
  socket.write('GET /chat/healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => heard.text).toMatch(/^HTTP\/1\.1 200 OK/);
});
