/**
 * Where the bytes of one viewer go: the body of an HTTP response. There is one implementation per transport, and the hub
 * does not know which one it writes to.
 */
export interface Sink {
  /** Queues the bytes, always; `blocked` and `unread` tell whether the reader keeps up. Ignored when it has ended. */
  write(bytes: Uint8Array): void;
  /** Ends the response after the queued bytes. Idempotent. */
  end(): void;
  /** Cuts the response: queued bytes are lost, and the client can tell. Idempotent. */
  abort(): void;
  /** Queued bytes, not yet taken by the operating system or, within this process, by the reader. */
  readonly unread: number;
  /** The next write should wait for `onDrain`. */
  readonly blocked: boolean;
  /** Calls `listener` whenever the sink has been `blocked` and no longer is. One listener. */
  onDrain(listener: () => void): void;
  /** Calls `listener` once when the response is over, whoever ended it; at once if it already is. One listener. */
  onClose(listener: () => void): void;
}
