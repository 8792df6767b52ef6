import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openRelayStage } from '../testing/relay-stage.ts';
import { createServer } from './create-server.ts';

/** A relay behind a server, and a plain socket to it. */
async function openSocket() {
  const stage = openRelayStage();
  const server = createServer({
    relay: stage.relay,
    maxStreams: 0,
    headersTimeoutMs: 200,
    onError: (error) => expect.unreachable(String(error)),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(async () => {
    socket.destroy();
    server.close();
    await once(server, 'close');
    await stage.close();
  });
  const heard = { text: '' };
  // A drop that meets the closed end is answered by a reset; what counts is what came before.
  socket.on('error', () => {}).on('data', (bytes) => (heard.text += bytes.toString()));
  return { socket, heard };
}

it('does not wait long for a request whose head comes in drop by drop', async () => {
  const { socket, heard } = await openSocket();
  const drops = setInterval(() => socket.writable && socket.write('x'), 50);
  onTestFinished(() => clearInterval(drops));
  socket.write('GET /healthz HTTP/1.1\r\nHost: relay.example\r\nX-Slow: ');
  await once(socket, 'close');

  expect(heard.text).toMatch(/^HTTP\/1\.1 400 /);
  expect(heard.text).toContain('"code":"invalid-request"');
}, 15_000);

it('answers a probe of HTTP/1.0 that names no host', async () => {
  const { socket, heard } = await openSocket();
  socket.write('GET /healthz HTTP/1.0\r\n\r\n');
  await once(socket, 'close');
  expect(heard.text).toMatch(/^HTTP\/1\.1 200 /);
}, 15_000);
