import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from './free-port.ts';

it('gives ports that can be listened on, that differ, and that the system hands to nobody by itself', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  const bySystem = createServer().listen(0, '127.0.0.1');
  await once(bySystem, 'listening');
  // The system's ports go from one number upwards: the lowest is above all of these.
  const { port: ephemeral } = bySystem.address() as AddressInfo;
  expect(Math.max(...ports)).toBeLessThan(ephemeral);
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
  bySystem.close();
});
