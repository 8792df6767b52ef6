import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where to listen. */
export interface ListenOptions {
  /** The TCP port; 0 takes any free one. */
  port: number;
  host: string;
  /** Called when a connection could not be accepted, for instance without free file descriptors. The server goes on. */
  onError(error: Error): void;
}

/** The server cannot listen. The message is one sentence for the operator. */
export class ListenError extends Error {
  override name = 'ListenError';
}

/**
 * Resolves with the port once the server listens.
 *
 * @throws ListenError when the port is taken or may not be used.
 * @example
 * const port = await listen(server, { port: 8787, host: '127.0.0.1', onError });
 */
export async function listen(server: Server, { port, host, onError }: ListenOptions): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    const why = isTaken ? 'another process uses it' : String(cause instanceof Error ? cause.message : cause);
    throw new ListenError(`The relay cannot listen on port ${port} of ${host}: ${why}.`, { cause });
  }
  server.on('error', onError);
  return (server.address() as AddressInfo).port;
}
