import type { ViewerSink } from './viewer-sink.ts';

/** What Node buffers for a response before `write` answers false, too. */
const HIGH_WATER_MARK_BYTES = 65_536;

/** A sink for runtimes where a response is a `ReadableStream`. */
export function createWebSink(): { sink: ViewerSink; body: ReadableStream<Uint8Array> } {
  const listeners = { drain: new Set<() => void>(), close: new Set<() => void>() };
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let needDrain = false;
  let ended = false;
  let closed = false;

  const emit = (event: 'drain' | 'close') => {
    const called = [...listeners[event]];
    listeners[event].clear();
    for (const listener of called) listener();
  };
  const close = () => {
    if (closed) return;
    closed = true;
    emit('close');
  };
  const unread = () => (closed ? 0 : HIGH_WATER_MARK_BYTES - (controller.desiredSize ?? HIGH_WATER_MARK_BYTES));

  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        if (!needDrain) return;
        needDrain = false;
        emit('drain');
      },
      cancel: close,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK_BYTES }),
  );

  const sink: ViewerSink = {
    write(bytes) {
      if (ended || closed) return false;
      controller.enqueue(bytes);
      if (unread() >= HIGH_WATER_MARK_BYTES) needDrain = true;
      return !needDrain;
    },
    destroySoon() {
      if (ended || closed) return;
      ended = true;
      controller.close();
      close();
    },
    destroy() {
      if (closed) return;
      if (!ended) controller.error(new DOMException('The relay has cut the connection.', 'AbortError'));
      close();
    },
    get writableLength() {
      return unread();
    },
    get writableNeedDrain() {
      return needDrain;
    },
    get destroyed() {
      return closed;
    },
    // Emitted once at most.
    on: (event, listener) => listeners[event].add(listener),
    once: (event, listener) => listeners[event].add(listener),
    off: (event, listener) => listeners[event].delete(listener),
  };
  return { sink, body };
}
