import type { Sink } from './port.ts';

/** Unread bytes from which the sink is `blocked`; the high-water mark of Node's sockets, too. */
const HIGH_WATER_MARK_BYTES = 65_536;

/** A sink, and the body that stands for it in a `Response`. */
export interface OpenedSink {
  sink: Sink;
  body: ReadableStream<Uint8Array>;
}

/**
 * Creates a sink over a `ReadableStream`: for every runtime with `fetch`, and for a relay that is mounted in a host's
 * server, whose middleware may change the headers or wrap the body.
 *
 * @example
 * const { sink, body } = createWebSink();
 * return new Response(body, { headers: SSE_HEADERS });
 */
export function createWebSink(): OpenedSink {
  let onDrain = (): void => undefined;
  let onClose = (): void => undefined;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let blocked = false;
  let closed = false;

  const close = () => {
    if (closed) return;
    closed = true;
    onClose();
  };
  const unread = () => (closed ? 0 : HIGH_WATER_MARK_BYTES - (controller.desiredSize ?? HIGH_WATER_MARK_BYTES));

  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        if (!blocked) return;
        blocked = false;
        onDrain();
      },
      cancel: close,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK_BYTES }),
  );

  const sink: Sink = {
    write(bytes) {
      if (closed) return;
      controller.enqueue(bytes);
      blocked = unread() >= HIGH_WATER_MARK_BYTES;
    },
    // A ReadableStream does not tell when its last bytes were read, so the sink closes here.
    end() {
      if (closed) return;
      controller.close();
      close();
    },
    abort() {
      if (closed) return;
      controller.error(new DOMException('The relay has cut the connection.', 'AbortError'));
      close();
    },
    get unread() {
      return unread();
    },
    get blocked() {
      return blocked;
    },
    onDrain(listener) {
      onDrain = listener;
    },
    onClose(listener) {
      onClose = listener;
      if (closed) listener();
    },
  };
  return { sink, body };
}
