import type { Sink } from './port.ts';

/** Bytes a reader may leave unread before the sink is `blocked`; what Node buffers for a response, too. */
const HIGH_WATER_MARK_BYTES = 65_536;

/** A sink and the body of the response that its bytes come out of. */
export interface OpenedSink {
  sink: Sink;
  body: ReadableStream<Uint8Array>;
}

/**
 * A sink for wherever a response is a `Response`: every runtime with `fetch`, and a relay that is mounted in somebody
 * else's server, whose middleware may change the headers or wrap the body.
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
    // The stream does not tell when its reader has taken the last of it: from here on that is the reader's affair.
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
