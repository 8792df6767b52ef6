import type { Cursor } from '#shared/cursor.ts';
import { PING_INTERVAL_MS, type ByeReason } from '#shared/protocol.ts';
import type { Logger } from '../util/logger.ts';
import { RelayError } from '../util/relay-error.ts';
import type { ReadInput, SessionStore } from '../store/session-store.ts';
import { pageAfter, replay, type OpenReadAnswer, type ReplayContext } from './replay.ts';
import { closeTail, createTail, openTail, poll, showFeedback, type Absent, type Tail } from './session-tail.ts';
import { encodeBye, PING } from './sse-frames.ts';
import { createStreamCounter, type StreamLimits } from './stream-limits.ts';
import { drained, type ViewerSink } from './sinks/viewer-sink.ts';
import type { Viewer } from './viewer.ts';

export interface SessionHubOptions {
  store: SessionStore;
  logger: Logger;
  limits: StreamLimits;
  timing?: Partial<HubTiming>;
}

/** Milliseconds and bytes; the defaults are those of docs/protocol.md. */
export interface HubTiming {
  pingMs: number;
  /** How often a watched session is compared with the log's head, while a run is active and else. */
  activePollMs: number;
  idlePollMs: number;
  /** A viewer that has taken nothing for so long, or left so much unread, is dropped. */
  blockedMs: number;
  unreadBytes: number;
  /** What all viewers together may leave unread: beyond it those who left most are cut off. */
  allUnreadBytes: number;
  /** A response that was ended and is not taken is cut after so long. */
  lingerMs: number;
}

export interface SessionHub {
  /** As many streams are open as may be in all. */
  readonly isFull: boolean;
  /** How many streams are open. */
  readonly streams: number;
  /** How the log should be read first for a viewer with this cursor: no more of it than it does not have at hand. */
  firstRead(sessionId: string, after: Cursor | undefined): ReadInput;
  /**
   * Opens a stream: `open` is called once nothing refuses it any more. What follows goes on by itself. Resolves with
   * what became of the session since it was read first, when that leaves nothing to follow; else with null.
   * @throws RelayError `draining`, `rate-limited`, `overloaded`; StoreError
   */
  serve(request: StreamRequest, open: () => ViewerSink): Promise<Absent | null>;
  /** Says `bye shutdown` to all, at times that bring them back one by one; no stream is opened any more. */
  close(): void;
}

export interface StreamRequest {
  sessionId: string;
  address: string | undefined;
  /** The first reading of the log, and the cursor it was read with. */
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
/** One clock for all tails and viewers. */
const TICK_MS = 250;
/** Replay is written in pieces of this size, each when the socket has taken the one before. */
const PACED_BYTES = 65_536;
/** Of all pages kept for replays together, in characters. */
const KEPT_PAGES_LENGTH = 64 * 1024 * 1024;
/** A session whose pages are kept is followed for so long after its last viewer left: a reload brings it back. */
const KEEP_MS = 5000;
/** Viewers of a relay that stops come back within this time, each at its own moment. */
const SHUTDOWN_JITTER_MS = 3000;

export function createSessionHub({ store, logger, limits, timing }: SessionHubOptions): SessionHub {
  const { pingMs, activePollMs, idlePollMs, blockedMs, unreadBytes, allUnreadBytes, lingerMs } = {
    ...DEFAULT_TIMING,
    ...timing,
  };
  const counter = createStreamCounter(limits);
  const tails = new Map<string, Tail>();
  /** Viewers whose socket takes no more at the moment, and since when (ticks). */
  const blocked = new Map<Viewer, number>();
  /** Sinks that were ended and have not closed yet, and when they are cut (ticks). */
  const lingering = new Map<ViewerSink, number>();
  let streams = 0;
  let keptLength = 0;
  let slots = 0;
  let tick = 0;
  let closing = false;
  let timer: ReturnType<typeof setInterval> | undefined;

  const ticks = (ms: number) => Math.max(1, Math.round(ms / TICK_MS));
  const pingTicks = ticks(pingMs);
  const activePollTicks = ticks(activePollMs);
  const idlePollTicks = ticks(idlePollMs);

  const context: ReplayContext = {
    store,
    logger,
    isClosing: () => closing,
    send(viewer, bytes) {
      if (viewer.state !== 'ended' && !viewer.sink.write(bytes)) onBlocked(viewer);
    },
    async sendPaced(viewer, bytes) {
      for (let offset = 0; offset < bytes.length && viewer.state !== 'ended'; offset += PACED_BYTES) {
        viewer.inFrame = offset + PACED_BYTES < bytes.length;
        if (viewer.sink.write(bytes.subarray(offset, offset + PACED_BYTES))) continue;
        noteBlocked(viewer);
        await drained(viewer.sink);
      }
    },
    finish,
    keepPage(tail, after, page) {
      if (tail.ended || tail.pages?.has(after) || keptLength + page.text.length > KEPT_PAGES_LENGTH) return;
      (tail.pages ??= new Map()).set(after, page);
      keptLength += page.text.length;
    },
    dropPages(tail) {
      for (const { text } of tail.pages?.values() ?? []) keptLength -= text.length;
      tail.pages = null;
    },
    forget(tail) {
      if (tails.get(tail.sessionId) === tail) tails.delete(tail.sessionId);
    },
  };

  function onBlocked(viewer: Viewer): void {
    if (viewer.sink.writableLength > unreadBytes) drop(viewer);
    else noteBlocked(viewer);
  }

  function noteBlocked(viewer: Viewer): void {
    if (blocked.has(viewer) || viewer.sink.destroyed) return;
    blocked.set(viewer, tick);
    viewer.sink.once('drain', () => blocked.delete(viewer));
  }

  function drop(viewer: Viewer): void {
    logger.debug({ unread: viewer.sink.writableLength }, 'A viewer does not read and is dropped');
    finish(viewer, 'slow-consumer');
  }

  /** Many that leave a little each cost as much as few that leave a lot. Whoever is cut off comes back by its cursor. */
  function boundAllUnread(): void {
    const sinks = [...lingering.keys(), ...[...blocked.keys()].map(({ sink }) => sink)];
    let unread = sinks.reduce((sum, { writableLength }) => sum + writableLength, 0);
    if (unread <= allUnreadBytes) return;
    const most = sinks.toSorted((a, b) => b.writableLength - a.writableLength);
    for (const sink of most) {
      if (unread <= allUnreadBytes) break;
      unread -= sink.writableLength;
      sink.destroy();
    }
    logger.warn({ allUnreadBytes }, 'Viewers leave too much unread together: those who left most were cut off');
  }

  function finish(viewer: Viewer, reason?: ByeReason): void {
    if (viewer.state === 'ended') return;
    const { sink, inFrame } = viewer;
    viewer.state = 'ended';
    blocked.delete(viewer);
    if (sink.destroyed) return;
    // Within a frame nothing can be said: the viewer sees the line end, and comes back by its cursor.
    if (reason && !inFrame) {
      const jitter = reason === 'shutdown' ? Math.round(Math.random() * SHUTDOWN_JITTER_MS) : 0;
      sink.write(encodeBye(reason, jitter));
    }
    lingering.set(sink, tick + ticks(lingerMs));
    sink.destroySoon();
  }

  function onTick(): void {
    tick += 1;
    for (const tail of tails.values()) {
      if (tail.holders === 0 && tick - tail.leftAt >= ticks(KEEP_MS)) {
        close(tail);
        continue;
      }
      // Where it begins is for who opens it to say: taken on by anybody else it would be set back, or on past what it has not.
      if (tail.ready) continue;
      const turn = tick + tail.slot;
      if (isPollDue(tail)) {
        tail.polledAt = tick;
        void poll(context, tail);
      }
      // By the clock, so that many ratings are one snapshot.
      if (tail.feedbackDue && turn % activePollTicks === 0) void showFeedback(context, tail);
      if (turn % pingTicks !== 0) continue;
      for (const viewer of tail.live) if (!viewer.sink.writableNeedDrain) context.send(viewer, PING);
    }
    for (const [viewer, since] of blocked) if (tick - since >= ticks(blockedMs)) drop(viewer);
    for (const [sink, deadline] of lingering) if (tick >= deadline) sink.destroy();
    boundAllUnread();
    if (tails.size > 0 || lingering.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  /**
   * A hint that was lost shows by itself with the next one, which then follows nothing: only the last may be missed. So
   * while a run is active who has heard nothing for a while asks, and who hears all the time asks as seldom as an idle one.
   */
  function isPollDue(tail: Tail): boolean {
    if (tail.lookedAt !== tail.cursor) {
      tail.lookedAt = tail.cursor;
      tail.quietSince = tick;
    }
    const isQuiet = tick - tail.quietSince >= activePollTicks;
    return tick - tail.polledAt >= (tail.runId !== null && isQuiet ? activePollTicks : idlePollTicks);
  }

  /** The tail of a session, opened by whoever comes first; to be let go by `release`. Or why there is none. */
  async function hold(sessionId: string): Promise<Tail | Absent> {
    let tail = tails.get(sessionId);
    if (!tail) {
      tail = createTail(sessionId, slots++);
      // As if it had been asked for at another moment than its neighbours: they may all have come back at once.
      tail.polledAt = tick - (tail.slot % idlePollTicks);
      tails.set(sessionId, tail);
      tail.ready = openTail(context, tail);
    }
    tail.holders += 1;
    tail.replaying += 1;
    let absent: Absent | null = null;
    try {
      absent = await tail.ready;
    } catch (error) {
      letGo(tail);
      throw error;
    }
    if (absent) {
      letGo(tail);
      return absent;
    }
    tail.ready = null;
    timer ??= setInterval(onTick, TICK_MS);
    return tail;
  }

  /** Of whoever has nothing from it. */
  function letGo(tail: Tail): void {
    tail.replaying -= 1;
    release(tail);
  }

  function release(tail: Tail): void {
    tail.holders -= 1;
    if (tail.holders > 0) return;
    tail.leftAt = tick;
    if (!tail.pages) close(tail);
  }

  function close(tail: Tail): void {
    context.forget(tail);
    closeTail(context, tail);
  }

  function endReplay(tail: Tail): void {
    tail.replaying -= 1;
    if (tail.replaying === 0) tail.recent = [];
  }

  async function run(viewer: Viewer, tail: Tail, { first, after }: StreamRequest): Promise<void> {
    try {
      await replay(context, tail, viewer, first, after);
    } catch (error) {
      logger.error({ err: error }, 'A stream failed');
      viewer.state = 'ended';
      viewer.sink.destroy();
    } finally {
      endReplay(tail);
    }
  }

  return {
    get isFull() {
      return counter.isFull;
    },
    get streams() {
      return streams;
    },
    firstRead(sessionId, after) {
      if (after === undefined) return { limit: 1 };
      return tails.get(sessionId)?.pages?.has(after) ? { after, limit: 1 } : pageAfter(after);
    },
    async serve(request, open) {
      const { sessionId, address, until, share } = request;
      const tail = await hold(sessionId);
      if (typeof tail === 'string') return tail;
      try {
        if (closing) throw new RelayError('draining', { retryAfterMs: SHUTDOWN_JITTER_MS });
        counter.add(tail.holders - 1, address);
      } catch (error) {
        endReplay(tail);
        release(tail);
        throw error;
      }
      streams += 1;
      const viewer: Viewer = { sink: open(), until, share, state: 'replaying', inFrame: false };
      const onClose = () => {
        viewer.state = 'ended';
        tail.live.delete(viewer);
        blocked.delete(viewer);
        lingering.delete(viewer.sink);
        streams -= 1;
        counter.remove(address);
        release(tail);
      };
      if (viewer.sink.destroyed) {
        endReplay(tail);
        onClose();
        return null;
      }
      viewer.sink.on('close', onClose);
      void run(viewer, tail, request);
      return null;
    },
    close() {
      closing = true;
      for (const tail of tails.values()) if (tail.holders === 0) close(tail);
      for (const tail of tails.values()) for (const viewer of tail.live) finish(viewer, 'shutdown');
    },
  };
}
