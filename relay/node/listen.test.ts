import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { listen, ListenError } from './listen.ts';

const HOST = '127.0.0.1';

function openServer() {
  const server = createServer((_, response) => response.end('here'));
  onTestFinished(() => void server.close());
  return server;
}

test('a port that is taken is an error of one sentence', async () => {
  const port = await listen(openServer(), { port: 0, host: HOST, onError() {} });
  const second = listen(openServer(), { port, host: HOST, onError() {} });
  await expect(second).rejects.toThrow(
    new ListenError(`The relay cannot listen on port ${port} of ${HOST}: another process uses it.`),
  );
});

test('a connection that cannot be accepted is reported, and later ones are served', async () => {
  const server = openServer();
  const told: Error[] = [];
  const port = await listen(server, { port: 0, host: HOST, onError: (error) => told.push(error) });
  // As Node does when `accept` has failed.
  const error = new Error('accept ENFILE');
  server.emit('error', error);
  expect(told).toEqual([error]);
  expect(await (await fetch(`http://${HOST}:${port}`)).text()).toBe('here');
});
