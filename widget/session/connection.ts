import type { Cursor } from '#shared/cursor.ts';
import { PING_INTERVAL_MS } from '#shared/protocol.ts';
import type { IncomingFrame, LineEvent } from './read-events.ts';
import type { StreamEnd, StreamReader } from './transport.ts';

/** Silence after which a connection counts as dead, in ms: three missed pings. */
export const SILENCE_MS = 3 * PING_INTERVAL_MS;
/**
 * Silence after which a connection that has not caught up counts as buffered, in ms. A relay sends the log and a ping at
 * once.
 */
export const UNHEARD_MS = 6_000;
const WATCHDOG_MS = 1_000;

/** Makes one connection from a cursor on (exclusive; null: from the start), and reads it to its end. */
export type OpenStream = (after: Cursor | null, reader: StreamReader, signal: AbortSignal) => Promise<StreamEnd>;

/**
 * Why a connection ended: as its stream did, by the relay's `bye`, for a `gap` before a frame, to `rest` after it has
 * delivered everything, or `unheard`: nothing came where a relay sends something at once.
 */
export type ConnectionEnd =
  | StreamEnd
  | { kind: 'gap' | 'rest' | 'unheard' }
  | { kind: 'bye'; reason: string; retryAfterMs: number };

export interface ConnectionOptions {
  open: OpenStream;
  after: Cursor | null;
  /** Aborts the connection. */
  signal: AbortSignal;
  onOpened(): void;
  /** Bytes have arrived. */
  onAlive(): void;
  /** Answers false when frames are missing before this one. */
  onFrame(frame: IncomingFrame): boolean;
  onPing(): void;
  /** Whether the connection ends once it has delivered everything. */
  isBrief(): boolean;
  /** Whether there is another way to follow when the connection is buffered. */
  canAsk: boolean;
}

/** One connection that follows a session. */
export interface Connection {
  /** ms since the last byte, however the clock was set meanwhile. */
  readonly silentMs: number;
  /** Whether everything that the log held when it was opened has been delivered. */
  readonly caughtUp: boolean;
  /** Never rejects, unless a callback throws. */
  readonly ended: Promise<ConnectionEnd>;
  abort(): void;
}

/** Opens one connection, and aborts it after SILENCE_MS of silence. */
export function openConnection(options: ConnectionOptions): Connection {
  const { open, after, signal, onFrame, onPing, isBrief } = options;
  const attempt = new AbortController();
  const abort = (): void => attempt.abort();
  let aliveAt = Date.now();
  let caughtUp = false;
  let end: ConnectionEnd | null = null;

  /** Answers false to close the stream. */
  function onEvent(event: LineEvent): boolean {
    if (attempt.signal.aborted) return false;
    switch (event.type) {
      case 'frame':
        if (onFrame(event.frame)) return !attempt.signal.aborted;
        end = { kind: 'gap' };
        return false;
      case 'ping':
        caughtUp = true;
        onPing();
        return !isBrief();
      case 'bye':
        end = { kind: 'bye', reason: event.reason, retryAfterMs: event.retryAfterMs };
        return false;
    }
  }

  // A clock that was set back by much says as little as one that went on: the absolute difference counts.
  const silentMs = (): number => Math.abs(Date.now() - aliveAt);

  async function read(): Promise<ConnectionEnd> {
    signal.addEventListener('abort', abort);
    // A poll by the wall clock: it needs no new timer per byte, and counts the time that a device was asleep.
    const watchdog = setInterval(() => {
      if (options.canAsk && !caughtUp && silentMs() >= UNHEARD_MS) end = { kind: 'unheard' };
      if (end || silentMs() >= SILENCE_MS) abort();
    }, WATCHDOG_MS);
    const reader: StreamReader = {
      opened() {
        aliveAt = Date.now();
        if (!signal.aborted) options.onOpened();
      },
      alive() {
        aliveAt = Date.now();
        options.onAlive();
      },
      event: onEvent,
    };
    try {
      const streamEnd = await open(after, reader, attempt.signal);
      return end ?? (isBrief() && caughtUp ? { kind: 'rest' } : streamEnd);
    } finally {
      clearInterval(watchdog);
      signal.removeEventListener('abort', abort);
    }
  }

  return {
    get silentMs() {
      return silentMs();
    },
    get caughtUp() {
      return caughtUp;
    },
    ended: read(),
    abort,
  };
}
