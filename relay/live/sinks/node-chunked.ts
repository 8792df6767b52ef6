import type { Socket } from 'node:net';
import type { Outlet, OutletFor } from './node-response.ts';

const LINE_BREAK = '\r\n';

/**
 * Writes the chunks of HTTP/1.1 (RFC 9112, section 7.1) to the socket of a response: one write per frame, encoded once
 * for all viewers of a session, where Node's response makes four writes per viewer. Node still writes the head and the
 * last chunk and keeps the connection alive. Reasons and assumptions:
 * docs/decisions/0024-streams-are-chunked-by-the-relay.md.
 */
export function createChunkedOutlets(): OutletFor {
  const encode = createChunkEncoder();
  return (response, headers) => {
    const { socket, req } = response;
    // HTTP/1.0 has no chunks; without a socket an earlier answer on this connection has to end first.
    if (req.httpVersion !== '1.1' || !socket) return null;
    // Node's default, made explicit: the chunks that are written here depend on it.
    headers.push('Transfer-Encoding', 'chunked');
    return new ChunkedOutlet(socket, encode);
  };
}

/** A class for its memory, like `Viewer`. */
class ChunkedOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #encode: (bytes: Uint8Array) => Uint8Array;

  constructor(socket: Socket, encode: (bytes: Uint8Array) => Uint8Array) {
    this.#socket = socket;
    this.#encode = encode;
  }

  write(bytes: Uint8Array): boolean {
    // After the client's FIN Node ends the socket. A later write would be an error of the socket and reach the server as
    // a `clientError`. The response closes by itself.
    if (!this.#socket.writable) return true;
    return this.#socket.write(this.#encode(bytes));
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  once(event: 'drain', listener: () => void): void {
    this.#socket.once(event, listener);
  }
}

/** Encodes chunks and remembers the last: all viewers of a session are written the same bytes in succession. */
function createChunkEncoder(): (bytes: Uint8Array) => Uint8Array {
  let last: Uint8Array | undefined;
  let chunk: Uint8Array = new Uint8Array();
  return (bytes) => {
    if (bytes === last) return chunk;
    last = bytes;
    const size = bytes.length.toString(16) + LINE_BREAK;
    const encoded = Buffer.allocUnsafe(size.length + bytes.length + LINE_BREAK.length);
    encoded.write(size, 'latin1');
    encoded.set(bytes, size.length);
    encoded.write(LINE_BREAK, size.length + bytes.length, 'latin1');
    return (chunk = encoded);
  };
}
