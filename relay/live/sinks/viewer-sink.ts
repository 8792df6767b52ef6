/**
 * What a viewer's bytes are written to. The shape is that of Node's sockets, so that the one of a viewer is it as it
 * stands: an idle viewer costs no wrapper, and a message no detour; elsewhere `createWebSink` makes one over a
 * `ReadableStream`.
 */
export interface ViewerSink {
  /** Takes the bytes in any case; false when the next should wait for `drain`. */
  write(bytes: Uint8Array): boolean;
  /** Ends the response after what was written, and the connection with it. */
  destroySoon(): unknown;
  /** Cuts the connection; what was written and not sent yet is lost. */
  destroy(): unknown;
  /** Bytes written and not yet taken by the transport. */
  readonly writableLength: number;
  /** From when `write` answered false until `drain`. */
  readonly writableNeedDrain: boolean;
  /** The connection has ended, whoever ended it. */
  readonly destroyed: boolean;
  on(event: 'close', listener: () => void): unknown;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
}

/** Resolves once the sink takes more, or has closed. */
export function drained(sink: ViewerSink): Promise<void> {
  if (sink.destroyed || !sink.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = () => {
      sink.off('drain', settle);
      sink.off('close', settle);
      resolve();
    };
    sink.once('drain', settle);
    sink.once('close', settle);
  });
}
