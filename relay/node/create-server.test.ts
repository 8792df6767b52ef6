import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openRelayStage } from '../testing/relay-stage.ts';
import { createServer } from './create-server.ts';

it('does not wait long for a request whose head comes in drop by drop', async () => {
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
  const drops = setInterval(() => socket.writable && socket.write('x'), 50);
  onTestFinished(async () => {
    clearInterval(drops);
    socket.destroy();
    server.close();
    await once(server, 'close');
    await stage.close();
  });
  let answer = '';
  // A drop that meets the closed end is answered by a reset; what counts is what came before.
  socket.on('error', () => {}).on('data', (bytes) => (answer += bytes.toString()));
  socket.write('GET /healthz HTTP/1.1\r\nHost: relay.example\r\nX-Slow: ');
  await once(socket, 'close');

  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"code":"invalid-request"');
}, 15_000);
