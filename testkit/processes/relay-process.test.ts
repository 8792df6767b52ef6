import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createRelayProcess } from './relay-process.ts';

test('a relay whose port somebody else answers on has not started', async () => {
  const relay = await createRelayProcess({ MODEL: 'demo' });
  const other = createServer((_, response) => response.end()).listen(relay.port, '127.0.0.1');
  onTestFinished(async () => {
    await relay.dispose();
    other.close();
    other.closeAllConnections();
  });
  await once(other, 'listening');
  await expect(relay.start()).rejects.toThrow('another process uses it');
});
