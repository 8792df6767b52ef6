import type { ServerResponse } from 'node:http';
import type { Sink } from './port.ts';
import type { OpenedSink } from './web.ts';

/** Bytes held before the head is written from which the sink is `blocked`; the high-water mark of Node's sockets, too. */
const HIGH_WATER_MARK_BYTES = 65_536;

/** What the body is written to after the head: the response itself, or something that replaces it. */
export interface Outlet {
  /** False when the next write should wait for `drain`. */
  write(bytes: Uint8Array): boolean;
  readonly writableLength: number;
  once(event: 'drain', listener: () => void): unknown;
}

/**
 * Chooses the outlet of a response whose head is about to be written, and may add to `headers` (names and values in
 * turn). Null: the response itself.
 */
export type OutletFor = (response: ServerResponse, headers: string[]) => Outlet | null;

/** A sink that was opened before its response has a head. */
export interface OpenedNodeSink extends OpenedSink {
  /** Stands for the sink in the `Response` that passes through the middleware; it cannot be read. */
  body: ReadableStream<Uint8Array>;
  /** Writes the head, then the bytes held since the sink was opened. */
  begin(head: Pick<Response, 'status' | 'headers'>): void;
  /** Closes the sink and leaves the response alone: another answer is sent. */
  abandon(): void;
}

/**
 * Opens a sink over Node's own response. With HTTP/1.1 Node frames the body in chunks, so that a client can tell a
 * complete answer from one that was cut and the connection is kept alive. Only `begin` writes the head: until then
 * middleware may change it.
 *
 * @example
 * const opened = openNodeSink(outgoing);
 * const response = await app.fetch(request, { incoming, outgoing, openSink: () => opened });
 * if (response.body === opened.body) opened.begin(response);
 */
export function openNodeSink(response: ServerResponse, outletFor: OutletFor = () => null): OpenedNodeSink {
  const sink = new NodeResponseSink(response);
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        controller.error(
          new TypeError('The server sends this body by itself: middleware may pass it on, not read it.'),
        );
      },
    },
    { highWaterMark: 0 },
  );
  return { sink, body, begin: (head) => sink.begin(head, outletFor), abandon: () => sink.close() };
}

/** A class for its memory, like `Viewer`. */
class NodeResponseSink implements Sink {
  readonly #response: ServerResponse;
  /** Written before the head. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Null until the head is written. */
  #outlet: Outlet | null = null;
  #blocked = false;
  #ended = false;
  #closed: boolean;
  #onDrain = (): void => undefined;
  #onClose = (): void => undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#closed = response.destroyed;
    response.on('close', () => this.close());
  }

  begin({ status, headers }: Pick<Response, 'status' | 'headers'>, outletFor: OutletFor): void {
    if (this.#closed) return;
    const response = this.#response;
    const { socket } = response;
    const lines = [...headers].flat();
    const outlet = outletFor(response, lines) ?? response;
    // Not by setHeader, whose copy of every header the response would keep for as long as it is open.
    response.writeHead(status, lines);
    this.#outlet = outlet;
    // Head and held bytes leave in one packet.
    socket?.cork();
    response.flushHeaders();
    this.#blocked = false;
    for (const bytes of this.#held.splice(0)) this.#writeTo(outlet, bytes);
    if (this.#ended) response.end();
    socket?.uncork();
    if (!this.#blocked) this.#onDrain();
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ended) return;
    if (this.#outlet === null) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      this.#blocked = this.#heldBytes >= HIGH_WATER_MARK_BYTES;
    } else this.#writeTo(this.#outlet, bytes);
  }

  end(): void {
    if (this.#closed || this.#ended) return;
    this.#ended = true;
    if (this.#outlet !== null) this.#response.end();
  }

  abort(): void {
    if (!this.#closed) this.#response.destroy();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    this.#onClose();
  }

  get unread(): number {
    if (this.#closed) return 0;
    return this.#outlet === null ? this.#heldBytes : this.#outlet.writableLength;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) listener();
  }

  #writeTo(outlet: Outlet, bytes: Uint8Array): void {
    if (outlet.write(bytes) || this.#blocked) return;
    this.#blocked = true;
    outlet.once('drain', () => {
      this.#blocked = false;
      this.#onDrain();
    });
  }
}
