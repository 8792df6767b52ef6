import type { ByeReason } from '#shared/protocol.ts';
import type { Logger } from '../util/logger.ts';
import { encodeBye, PING } from './frames.ts';
import type { Sink } from './sinks/port.ts';

/** Bytes of a replay per write; the next write waits until the sink has drained. */
const PIECE_BYTES = 65_536;
/** Milliseconds over which the retries of all viewers are spread when a relay shuts down. */
export const SHUTDOWN_JITTER_MS = 3000;

/** What all viewers of a hub share: the limits of one that does not read. Ticks are ticks of the hub's clock. */
export interface ViewerContext {
  readonly logger: Logger;
  /** Bytes that it may leave unread. */
  readonly unreadBytes: number;
  /** Ticks for which it may read nothing. */
  readonly blockedTicks: number;
  /** Ticks until an ended response that is not read to its end is cut. */
  readonly lingerTicks: number;
}

/** What a viewer is created with. */
export interface ViewerOptions {
  readonly sink: Sink;
  readonly context: ViewerContext;
  /** See `Viewer.until`. */
  readonly until: string | null;
  /** See `Viewer.share`. */
  readonly share: number | null;
}

/**
 * One open event stream, the last stage before the sink. Its end is final: nothing is written afterwards. A class, and
 * not a closure like most of the relay, because a process holds 10,000 of them: see
 * docs/decisions/0025-what-exists-once-per-viewer-is-a-class.md.
 */
export class Viewer {
  /**
   * The run whose terminal message ends the response (`until=idle`); `''` when none was active, so that it ends with
   * the replay; null to follow the session for good.
   */
  readonly until: string | null;
  /** How often the session's shares had been revoked when this reader's share was made; null for the session's own. */
  readonly share: number | null;
  readonly #sink: Sink;
  readonly #context: ViewerContext;
  #ended = false;
  /** A frame was written in part: nothing may be written before the rest of it. */
  #inFrame = false;
  /** Reason of the `bye` to write when the frame is complete. */
  #farewell: ByeReason | null = null;
  /** Tick at which `check` first found it blocked; null when it has drained since. */
  #blockedAt: number | null = null;
  /** Tick at which `check` first found it ended. */
  #endedAt: number | null = null;
  /** Resumes a paced write that waits for the sink. */
  #wake: (() => void) | null = null;

  constructor({ sink, context, until, share }: ViewerOptions) {
    this.#sink = sink;
    this.#context = context;
    this.until = until;
    this.share = share;
    sink.onDrain(() => {
      this.#blockedAt = null;
      this.#wake?.();
    });
  }

  /** The response was ended or its connection is gone. Never false again. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Writes whole frames. A viewer with too many unread bytes is dropped. */
  send(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#sink.write(bytes);
    if (this.#sink.blocked && this.#sink.unread > this.#context.unreadBytes) this.#drop();
  }

  /** Writes whole frames at the viewer's pace; resolves when the sink has drained or the viewer has ended. */
  async sendPaced(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length && !this.#ended; offset += PIECE_BYTES) {
      this.#inFrame = offset + PIECE_BYTES < bytes.length;
      this.#sink.write(bytes.subarray(offset, offset + PIECE_BYTES));
      if (!this.#inFrame && this.#farewell !== null) this.end(this.#farewell);
      if (this.#sink.blocked && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = null;
  }

  /** Writes a ping, unless the sink is blocked: bytes are on their way then. */
  ping(): void {
    if (!this.#sink.blocked) this.send(PING);
  }

  /**
   * Ends the response, with `bye` if a reason is given. Within a frame the `bye` waits for the rest of the frame. A slow
   * consumer does not read that rest, so it gets no `bye` and resumes by its cursor.
   */
  end(reason?: ByeReason): void {
    if (this.#ended) return;
    if (this.#inFrame && reason !== undefined && reason !== 'slow-consumer') {
      this.#farewell = reason;
      return;
    }
    if (reason !== undefined && !this.#inFrame) {
      const retryAfterMs = reason === 'shutdown' ? Math.round(Math.random() * SHUTDOWN_JITTER_MS) : 0;
      this.#sink.write(encodeBye(reason, retryAfterMs));
    }
    this.#finish();
    this.#sink.end();
  }

  /** Cuts the connection. */
  abort(): void {
    this.#finish();
    this.#sink.abort();
  }

  /** Calls `listener` when the response is over; at once if it is over already. */
  onClose(listener: () => void): void {
    this.#sink.onClose(() => {
      this.#finish();
      listener();
    });
  }

  /** Drops or cuts a viewer that does not read; returns its unread bytes. Called once per tick. */
  check(tick: number): number {
    const { blockedTicks, lingerTicks } = this.#context;
    if (this.#ended) {
      this.#endedAt ??= tick;
      if (tick - this.#endedAt >= lingerTicks) this.#sink.abort();
    } else if (this.#sink.blocked) {
      this.#blockedAt ??= tick;
      if (tick - this.#blockedAt >= blockedTicks) this.#drop();
    }
    return this.#sink.unread;
  }

  #drop(): void {
    this.#context.logger.debug(
      { unread: this.#sink.unread },
      'Dropped a viewer that does not read; it resumes by its cursor',
    );
    this.end('slow-consumer');
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
  }
}
