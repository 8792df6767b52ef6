/**
 * Where the bytes of one viewer go: the body of an HTTP response whose head is on its way. There is one implementation
 * for each transport, and the hub does not know which one it writes to.
 */
export interface Sink {
  /** Takes the bytes in any case; `blocked` and `unread` tell whether the reader keeps up. */
  write(bytes: Uint8Array): void;
  /** Ends the response once what was written has been sent. Idempotent. */
  end(): void;
  /** Cuts the response off: what was not sent yet is lost, and the client can tell. Idempotent. */
  abort(): void;
  /** Bytes written and not yet taken by the operating system, or by the reader where that is in this process. */
  readonly unread: number;
  /** The next write should wait for `onDrain`. */
  readonly blocked: boolean;
  /** Calls `listener` each time the sink takes more after it was `blocked`. One listener. */
  onDrain(listener: () => void): void;
  /** Calls `listener` once, when the response is over, whoever ended it; at once if it is over already. One listener. */
  onClose(listener: () => void): void;
}
