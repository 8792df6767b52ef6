import type { ByeReason } from '#shared/protocol.ts';
import type { Logger } from '../util/logger.ts';
import { encodeBye, PING } from './frames.ts';
import type { Sink } from './sinks/port.ts';

/** Bytes of a replay per write: each piece waits until the sink has taken the one before. */
const PIECE_BYTES = 65_536;
/** Milliseconds over which the viewers of a relay that stops come back, each at a moment of its own. */
export const SHUTDOWN_JITTER_MS = 3000;

/** What all viewers of a hub share: what one that does not read may cost. Ticks are those of the hub's clock. */
export interface ViewerContext {
  readonly logger: Logger;
  /** Bytes it may leave unread. */
  readonly unreadBytes: number;
  /** Ticks for which it may take nothing. */
  readonly blockedTicks: number;
  /** Ticks until a response that was ended, and is not taken to its end, is cut. */
  readonly lingerTicks: number;
}

export interface ViewerOptions {
  readonly sink: Sink;
  readonly context: ViewerContext;
  /** See `Viewer.until`. */
  readonly until: string | null;
  /** See `Viewer.share`. */
  readonly share: number | null;
}

/**
 * One open event stream: the last stage before the sink. Once it has ended nothing brings it back and nothing more is
 * written. A class, and not a closure like most of the relay, since there are ten thousands of them: see
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
  /** A frame was written in part: nothing else may come before its rest. */
  #inFrame = false;
  /** To be said once the frame is complete. */
  #farewell: ByeReason | null = null;
  /** Ticks at which the clock first saw it blocked, or ended. */
  #blockedAt: number | null = null;
  #endedAt: number | null = null;
  /** Wakes the replay that waits for the sink. */
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

  /** Nothing more is written: it was told that this is the end, or its connection is gone. Never false again. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Writes whole frames. A viewer that leaves too much unread is dropped. */
  send(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#sink.write(bytes);
    if (this.#sink.blocked && this.#sink.unread > this.#context.unreadBytes) this.#drop();
  }

  /** Writes whole frames at the pace of the viewer; resolves when it takes more, or has ended. */
  async sendPaced(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length && !this.#ended; offset += PIECE_BYTES) {
      this.#inFrame = offset + PIECE_BYTES < bytes.length;
      this.#sink.write(bytes.subarray(offset, offset + PIECE_BYTES));
      if (!this.#inFrame && this.#farewell !== null) this.end(this.#farewell);
      if (this.#sink.blocked && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = null;
  }

  /** Keeps the line alive; a line that is full is alive, or will be found dead. */
  ping(): void {
    if (!this.#sink.blocked) this.send(PING);
  }

  /**
   * Ends the response, with `bye` when a reason is given. Within a frame nothing can be said: the frame is completed
   * first, except for a viewer that does not take it, which sees the line end and comes back by its cursor.
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

  /** Calls `listener` once the response is over; at once if it is. */
  onClose(listener: () => void): void {
    this.#sink.onClose(() => {
      this.#finish();
      listener();
    });
  }

  /** Looks after a viewer that does not read; answers the bytes that it leaves unread. Called at each tick. */
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
