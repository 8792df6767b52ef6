import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createChunkedOutlets } from './node-chunked.ts';
import { openNodeSink, type OutletFor } from './node-response.ts';
import type { Sink } from './port.ts';
import { createWebSink } from './web.ts';

// They wait for real sockets to fill up.
vi.setConfig({ testTimeout: 20_000 });

/** One open response, with the sink at its one end and a client at the other that reads when it is told to. */
interface Line {
  sink: Sink;
  /** Begins to read. */
  read(): void;
  /** What has come so far. */
  text(): string;
  /** Resolves when the response is over, with whether the client takes it for a whole one. */
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

it('sends what was written before the head was, whole and with its end, whatever middleware took its time for', async () => {
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
])(
  '%s takes a write after its client has closed its end for nothing, and for no fault of the client',
  async (_, outletFor) => {
    const faults: Error[] = [];
    const late: Sink[] = [];
    const server = createServer((request, response) => {
      const { sink, begin } = openNodeSink(response, outletFor);
      begin(new Response());
      sink.write(bytes('hello'));
      // Node ends its side of the connection, and then this is called.
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
  },
);

describe.each(Object.entries(TRANSPORTS))('the sink %s', (_, open) => {
  it('brings what is written, in order, before it ends; the client has a whole answer', async () => {
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

  it('shows a client that was cut off that it has no whole answer', async () => {
    const line = await open();
    line.read();
    line.sink.write(bytes('half of'));
    await expect.poll(line.text).toBe('half of');
    line.sink.abort();
    line.sink.abort();
    expect(await line.over).toBe(false);
  });

  it('is blocked while its reader takes nothing, counts what is unread, and says when it takes more', async () => {
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

  it('says once that its client has left, and takes what is written afterwards for nothing', async () => {
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

  it('says that it has closed when it ends, and to one who asks later too', async () => {
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
