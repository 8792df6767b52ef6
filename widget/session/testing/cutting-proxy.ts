import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a relay that breaks. */
export interface CuttingProxy {
  readonly origin: string;
  /** Connections that it has cut. */
  readonly cuts: number;
  close(): Promise<void>;
}

export interface CuttingProxyOptions {
  target: string;
  /** After how many bytes of answers a connection is to break; asked once for each, Infinity for never. */
  nextCut(): number;
}

/** Resets each connection after some bytes, wherever in an answer that is, also before its first byte. */
export async function createCuttingProxy({ target, nextCut }: CuttingProxyOptions): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let cuts = 0;

  const server = createServer((client) => {
    const relay = connect(Number(port), hostname);
    let left = nextCut();
    for (const socket of [client, relay]) {
      sockets.add(socket);
      socket.setNoDelay();
      // A reset is what this is about; `close` follows.
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        relay.destroy();
      });
    }
    client.pipe(relay);
    relay.on('data', (bytes: Buffer) => {
      if (client.destroyed) return;
      if (bytes.length < left) {
        left -= bytes.length;
        client.write(bytes);
        return;
      }
      cuts += 1;
      const before = bytes.subarray(0, left);
      left = Infinity;
      relay.pause();
      // What came before the cut arrives; then both ends go.
      client.write(before, () => client.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
