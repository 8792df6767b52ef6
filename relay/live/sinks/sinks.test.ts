import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createChunkedOutlets } from './node-chunked.ts';
import { openNodeSink, type OutletFor } from './node-response.ts';
import type { Sink } from './port.ts';
import { createWebSink } from './web.ts';

// Real sockets have to fill up.
vi.setConfig({ testTimeout: 20_000 });

/** One open response: a sink, and a client that reads on demand. */
interface Line {
  sink: Sink;
  /** Begins to read. */
  read(): void;
  /** Bytes read so far. */
  text(): string;
  /** Resolves when the response is over: true if the client holds it for complete. */
  over: Promise<boolean>;
  /** Closes the connection. */
  leave(): void;
}

const TRANSPORTS: Record<string, () => Promise<Line>> = {
  web: openWebLine,
  'node-response': () => openNodeLine(() => null),
  'node-chunked': () => openNodeLine(createChunkedOutlets()),
};

async function openWebLine(): Promise<Line> {
  const { sink, body } = createWebSink();
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let settle: (isWhole: boolean) => void = () => undefined;
  const over = new Promise<boolean>((resolve) => (settle = resolve));
  const read = async () => {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        text += decoder.decode(next.value, { stream: true });
      }
      settle(true);
    } catch {
      settle(false);
    }
  };
  return { sink, read: () => void read(), text: () => text, over, leave: () => void reader.cancel() };
}

async function openNodeLine(outletFor: OutletFor): Promise<Line> {
  let sink: Sink | undefined;
  const server = createServer((_, response) => {
    const opened = openNodeSink(response, outletFor);
    opened.begin(new Response(null, { headers: { 'content-type': 'text/plain' } }));
    sink = opened.sink;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  if (!sink) throw new Error('the server answered without its handler');
  let text = '';
  response.setEncoding('utf8').on('error', () => undefined);
  return {
    sink,
    read: () => void response.on('data', (piece: string) => (text += piece)),
    text: () => text,
    over: new Promise((resolve) => response.once('close', () => resolve(response.complete))),
    leave: () => request.destroy(),
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Writes until the sink is blocked, and a little more; answers what it wrote. */
async function fill(sink: Sink): Promise<string> {
  let written = '';
  for (let i = 0; i < 2000 && !sink.blocked; i += 1) {
    const block = `${i} `.repeat(8192);
    sink.write(bytes(block));
    written += block;
    await new Promise((resolve) => setImmediate(resolve));
  }
  sink.write(bytes('and more'));
  return `${written}and more`;
}

it('sends what was written before the head, and its end, however long the head takes', async () => {
  const server = createServer((_, response) => {
    const opened = openNodeSink(response, createChunkedOutlets());
    opened.sink.write(bytes('before '));
    opened.sink.write(bytes('the head'));
    expect(opened.sink.unread).toBe(15);
    opened.sink.end();
    setTimeout(() => opened.begin(new Response(null, { status: 201, headers: { 'x-late': 'yes' } })), 20);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect([response.status, response.headers.get('x-late')]).toEqual([201, 'yes']);
  expect(await response.text()).toBe('before the head');
});

it.each<[string, OutletFor]>([
  ['node-response', () => null],
  ['node-chunked', createChunkedOutlets()],
])('%s ignores a write after a FIN of the client, and raises no clientError', async (_, outletFor) => {
  const faults: Error[] = [];
  const late: Sink[] = [];
  const server = createServer((request, response) => {
    const { sink, begin } = openNodeSink(response, outletFor);
    begin(new Response());
    sink.write(bytes('hello'));
    // Called after Node has ended its side of the connection.
    request.socket.on('end', () => {
      sink.write(bytes('too late'));
      late.push(sink);
    });
  });
  server.on('clientError', (error) => faults.push(error));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  let heard = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (heard += piece));
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => heard).toContain('hello');
  const over = once(socket, 'end');
  socket.end();
  await over;
  expect(late).toHaveLength(1);
  let closed = false;
  late[0]?.onClose(() => (closed = true));
  await expect.poll(() => closed).toBe(true);
  expect(heard).not.toContain('too late');
  expect(faults).toEqual([]);
});

describe.each(Object.entries(TRANSPORTS))('the sink %s', (_, open) => {
  it('delivers what is written in order, and ends with a complete answer', async () => {
    const line = await open();
    line.read();
    const texts = ['one ', 'zwölf ', 'x'.repeat(100_000), ' three'];
    for (const text of texts) {
      line.sink.write(bytes(text));
      line.sink.write(bytes(text));
    }
    line.sink.end();
    line.sink.end();
    expect(await line.over).toBe(true);
    expect(line.text() === texts.map((text) => text + text).join('')).toBe(true);
  });

  it('lets the client see that an aborted answer is incomplete', async () => {
    const line = await open();
    line.read();
    line.sink.write(bytes('half of'));
    await expect.poll(line.text).toBe('half of');
    line.sink.abort();
    line.sink.abort();
    expect(await line.over).toBe(false);
  });

  it('is blocked while nothing is read, counts unread bytes, and drains', async () => {
    const line = await open();
    let drained = 0;
    line.sink.onDrain(() => (drained += 1));
    const written = await fill(line.sink);
    expect(line.sink.blocked).toBe(true);
    expect(line.sink.unread).toBeGreaterThanOrEqual(65_536);
    expect(drained).toBe(0);
    line.read();
    await expect.poll(() => drained, { timeout: 10_000 }).toBe(1);
    expect(line.sink.blocked).toBe(false);
    await expect.poll(() => line.text() === written, { timeout: 10_000 }).toBe(true);
    expect(line.sink.unread).toBe(0);
  });

  it('closes once when the client leaves, and ignores later writes', async () => {
    const line = await open();
    let closed = 0;
    line.sink.onClose(() => (closed += 1));
    line.read();
    line.sink.write(bytes('hello'));
    await expect.poll(line.text).toBe('hello');
    line.leave();
    await expect.poll(() => closed, { timeout: 10_000 }).toBe(1);
    line.sink.write(bytes('too late'));
    line.sink.end();
    line.sink.abort();
    expect(line.sink.unread).toBe(0);
    expect(closed).toBe(1);
  });

  it('calls onClose when it ends, and at once when it has ended already', async () => {
    const line = await open();
    line.read();
    let closed = 0;
    line.sink.onClose(() => (closed += 1));
    line.sink.end();
    await expect.poll(() => closed).toBe(1);
    line.sink.onClose(() => (closed += 1));
    expect(closed).toBe(2);
  });
});
