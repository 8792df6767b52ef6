import type { Socket } from 'node:net';
import type { Outlet, OutletFor } from './node-response.ts';

const LINE_BREAK = '\r\n';

/**
 * Writes the chunks of HTTP/1.1 (RFC 9112, section 7.1) to the socket of a response: one write for each frame, encoded
 * once for all viewers of a session, where Node's response makes four for each viewer. Head, last chunk and keep-alive
 * stay Node's, so the client sees the same response. Why it is worth a file, and what it relies on, stands in
 * docs/decisions/0024-streams-are-chunked-by-the-relay.md.
 */
export function createChunkedOutlets(): OutletFor {
  const encode = createChunkEncoder();
  return (response, headers) => {
    const { socket, req } = response;
    // A client of HTTP/1.0 knows no chunks; without a socket an earlier answer on this connection comes first.
    if (req.httpVersion !== '1.1' || !socket) return null;
    // Node's default; said here, so that it writes the last chunk whatever its defaults become.
    headers.push('Transfer-Encoding', 'chunked');
    return new ChunkedOutlet(socket, encode);
  };
}

/** A class for its memory, as `Viewer` is. */
class ChunkedOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #encode: (bytes: Uint8Array) => Uint8Array;

  constructor(socket: Socket, encode: (bytes: Uint8Array) => Uint8Array) {
    this.#socket = socket;
    this.#encode = encode;
  }

  write(bytes: Uint8Array): boolean {
    // Once the client has closed its end, Node ends the socket. A write after that would be an error of the socket's,
    // and reach the server as a `clientError`; the response closes by itself.
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

/** Remembers the last chunk: the viewers of a session are written the same bytes one after the other. */
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
