import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListenOptions {
  /** 0: any that is free. */
  port: number;
  host: string;
  /** A connection could not be accepted, as when the system has none left; the server listens on. */
  onError(error: Error): void;
}

/** The message is one sentence for the operator. */
export class ListenError extends Error {
  override name = 'ListenError';
}

/**
 * Answers the port once the server listens.
 *
 * @throws ListenError when it cannot.
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
