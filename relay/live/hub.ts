import type { Cursor } from '#shared/cursor.ts';
import { PING_INTERVAL_MS } from '#shared/protocol.ts';
import type { ReadInput, SessionStore } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';
import { RelayError } from '../util/relay-error.ts';
import { createFrameCache } from './frame-cache.ts';
import { readingAfter, replayLog, type OpenReadAnswer } from './replay.ts';
import type { Sink } from './sinks/port.ts';
import { createStreamCounter, type StreamLimits } from './stream-limits.ts';
import { createTailRegistry, type Watched } from './tail-registry.ts';
import type { Absent } from './tail.ts';
import { SHUTDOWN_JITTER_MS, Viewer, type ViewerContext } from './viewer.ts';

export interface HubOptions {
  store: SessionStore;
  logger: Logger;
  limits: StreamLimits;
  timing?: Partial<HubTiming>;
}

/** Milliseconds and bytes; the defaults are those of docs/protocol.md. */
export interface HubTiming {
  /** Milliseconds between two pings. */
  pingMs: number;
  /** Milliseconds between two polls of a session's head while a run is active and no hint arrives. */
  activePollMs: number;
  /** Milliseconds between two polls otherwise. */
  idlePollMs: number;
  /** Milliseconds for which a viewer may read nothing before it is dropped. */
  blockedMs: number;
  /** Bytes that a viewer may leave unread before it is dropped. */
  unreadBytes: number;
  /** Bytes that all viewers together may leave unread; beyond it those with the most are cut. */
  allUnreadBytes: number;
  /** Milliseconds until an ended response that is not read to its end is cut. */
  lingerMs: number;
}

/** Opens and serves the event streams of one process, within limits and by one clock. */
export interface Hub {
  /** No further stream may be opened. */
  readonly isFull: boolean;
  /** Number of open streams. */
  readonly streams: number;
  /** The first read of the log for a viewer with this cursor; it skips what is cached. */
  firstRead(sessionId: string, after: Cursor | undefined): ReadInput;
  /**
   * Opens a stream and serves it in the background; `open` is called when all limits are passed. Resolves with null, or
   * with the reason why the session can no longer be followed.
   * @throws RelayError `draining`, `rate-limited`, `overloaded`; StoreError
   */
  serve(request: StreamRequest, open: () => Sink): Promise<Absent | null>;
  /** Sends `bye shutdown` to all viewers, each with its own delay, and refuses new streams. */
  close(): void;
}

export interface StreamRequest {
  sessionId: string;
  /** The visitor's address, for the limit of streams per address; undefined where it is not known. */
  address: string | undefined;
  /** The first read of the log, and the cursor it was made with. */
  first: OpenReadAnswer;
  after: Cursor | undefined;
  /** See `Viewer`. */
  until: string | null;
  share: number | null;
}

const DEFAULT_TIMING: HubTiming = {
  pingMs: PING_INTERVAL_MS,
  activePollMs: 1000,
  idlePollMs: 5000,
  blockedMs: 15_000,
  unreadBytes: 1024 * 1024,
  allUnreadBytes: 64 * 1024 * 1024,
  lingerMs: 15_000,
};
/** Milliseconds per tick of the one clock for all tails and viewers. */
const TICK_MS = 250;

/**
 * Creates the hub of a relay.
 *
 * @example
 * const hub = createHub({ store, logger, limits: { perSession: 0, perAddress: 0, total: 0 } });
 * const { sink, body } = createWebSink();
 * await hub.serve({ sessionId, address, first, after, until: null, share: null }, () => sink);
 */
export function createHub({ store, logger, limits, timing }: HubOptions): Hub {
  const settings = { ...DEFAULT_TIMING, ...timing };
  const cache = createFrameCache();
  const tails = createTailRegistry({
    store,
    logger,
    cache,
    pingTicks: ticks(settings.pingMs),
    activePollTicks: ticks(settings.activePollMs),
    idlePollTicks: ticks(settings.idlePollMs),
  });
  const context: ViewerContext = {
    logger,
    unreadBytes: settings.unreadBytes,
    blockedTicks: ticks(settings.blockedMs),
    lingerTicks: ticks(settings.lingerMs),
  };
  const counter = createStreamCounter(limits);
  const viewers = new Set<Viewer>();
  let tick = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let closing = false;

  function onTick(): void {
    tick += 1;
    tails.onTick(tick);
    boundUnread(viewers, { tick, allUnreadBytes: settings.allUnreadBytes, logger });
    if (!tails.isEmpty || viewers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function admit(sink: Sink, watched: Watched, { until, share, address }: StreamRequest): Viewer {
    const viewer = new Viewer({ sink, context, until, share });
    viewers.add(viewer);
    watched.tail.enter(viewer);
    viewer.onClose(() => {
      watched.tail.leave(viewer);
      tails.release(watched, tick);
      counter.remove(address);
      viewers.delete(viewer);
    });
    return viewer;
  }

  async function run(viewer: Viewer, { tail }: Watched, { first, after }: StreamRequest): Promise<void> {
    try {
      await replayLog({ store, tail, viewer }, first, after);
    } catch (error) {
      logger.error({ err: error }, 'A stream failed and was cut; its viewer resumes by its cursor');
      viewer.abort();
    } finally {
      // Nothing is kept for a viewer that only reads its last bytes.
      if (viewer.hasEnded) tail.leave(viewer);
    }
  }

  return {
    get isFull() {
      return counter.isFull;
    },
    get streams() {
      return viewers.size;
    },
    firstRead(sessionId, after) {
      if (after === undefined) return { limit: 1 };
      return cache.get(sessionId, after) ? { after, limit: 1 } : readingAfter(after);
    },
    async serve(request, open) {
      const { sessionId, address } = request;
      const watched = await tails.hold(sessionId, tick);
      if (typeof watched === 'string') return watched;
      timer ??= setInterval(onTick, TICK_MS);
      let sink: Sink;
      try {
        if (closing) throw new RelayError('draining', { retryAfterMs: SHUTDOWN_JITTER_MS });
        counter.add(watched.holders - 1, address);
        try {
          sink = open();
        } catch (error) {
          counter.remove(address);
          throw error;
        }
      } catch (error) {
        tails.release(watched, tick);
        throw error;
      }
      void run(admit(sink, watched, request), watched, request);
      return null;
    },
    close() {
      closing = true;
      tails.closeIdle();
      for (const viewer of viewers) viewer.end('shutdown');
    },
  };
}

function ticks(ms: number): number {
  return Math.max(1, Math.round(ms / TICK_MS));
}

/**
 * Checks all viewers, and bounds their unread bytes in sum: many viewers with a little cost as much as a few with a lot.
 * A viewer that is cut resumes by its cursor.
 */
function boundUnread(
  viewers: Iterable<Viewer>,
  { tick, allUnreadBytes, logger }: { tick: number; allUnreadBytes: number; logger: Logger },
): void {
  const slow: { viewer: Viewer; unread: number }[] = [];
  let total = 0;
  for (const viewer of viewers) {
    const unread = viewer.check(tick);
    if (unread === 0) continue;
    total += unread;
    slow.push({ viewer, unread });
  }
  if (total <= allUnreadBytes) return;
  let cut = 0;
  for (const { viewer, unread } of slow.toSorted((a, b) => b.unread - a.unread)) {
    if (total <= allUnreadBytes) break;
    total -= unread;
    cut += 1;
    viewer.abort();
  }
  logger.warn(
    { allUnreadBytes, cut },
    'Unread bytes of all viewers exceeded their bound: cut the viewers with the most',
  );
}
