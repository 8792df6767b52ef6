import type { Sink } from '../sinks/port.ts';

/** Bytes; the high-water mark of Node's sockets. */
const MARK_BYTES = 65_536;

/** A sink in memory, whose reader is the test: `take` reads everything, `leave` closes the connection. */
export class MemorySink implements Sink {
  /** Written while the response was open. */
  text = '';
  /** Written after the response had ended or its reader had left: nothing, if the hub works. */
  late = '';
  /** Who closed the response, and how. */
  state: 'open' | 'ended' | 'aborted' | 'left' = 'open';
  unread = 0;
  blocked = false;
  readonly #listeners = { drain: () => {}, close: () => {} };

  write(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    if (this.state !== 'open') {
      this.late += text;
      return;
    }
    this.text += text;
    this.unread += bytes.length;
    this.blocked = this.unread >= MARK_BYTES;
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }

  abort(): void {
    this.#close('aborted');
  }

  onDrain(listener: () => void): void {
    this.#listeners.drain = listener;
  }

  onClose(listener: () => void): void {
    this.#listeners.close = listener;
  }

  /** Reads everything that was written; a response that has ended closes with that. */
  take(): void {
    this.unread = 0;
    if (this.state === 'ended') this.#listeners.close();
    else if (this.blocked) {
      this.blocked = false;
      this.#listeners.drain();
    }
  }

  /** Closes the connection from the reader's side. */
  leave(): void {
    this.#close('left');
  }

  #close(state: 'aborted' | 'left'): void {
    this.state = state;
    this.unread = 0;
    this.#listeners.close();
  }
}
