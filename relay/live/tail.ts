import { compareCursors, follows, START, type Cursor } from '#shared/cursor.ts';
import { readSession, type OpenSession } from '../store/read-session.ts';
import type { FollowEvent, LogEntry, SessionStore, Unfollow } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Logger } from '../util/logger.ts';
import { Audience } from './audience.ts';
import type { CachedFrames, FrameCache } from './frame-cache.ts';
import { encodeSession, toBytes } from './frames.ts';
import { endedRun, readControlMessage } from './run-ends.ts';
import type { Viewer } from './viewer.ts';

/** Why there is nothing to follow: the session is remembered to be gone, or nothing is known of it. */
export type Absent = 'gone' | 'empty';

/** What all tails of a hub share. Ticks are ticks of the hub's clock. */
export interface TailContext {
  readonly store: SessionStore;
  readonly logger: Logger;
  readonly cache: FrameCache;
  readonly pingTicks: number;
  /** Ticks between two polls of the log's head while a run is active and no hint arrives. */
  readonly activePollTicks: number;
  /** Ticks between two polls otherwise. */
  readonly idlePollTicks: number;
}

/** Entries per read when hints were lost. */
const READ_ENTRIES = 2048;

/**
 * Follows the end of one watched session's log. It receives hints of what is written, reads what they missed, and passes
 * new entries to its audience. A class for its memory: see docs/decisions/0025-what-exists-once-per-viewer-is-a-class.md.
 */
export class Tail {
  readonly sessionId: string;
  readonly #context: TailContext;
  readonly #audience = new Audience();
  /** Spreads the pings and polls of many tails over time. */
  readonly #slot: number;
  /** The log is known up to this entry; after a flush all live viewers have it too. */
  #cursor: Cursor = START;
  #runId: string | null = null;
  #opening: Promise<Absent | null> | null = null;
  #isOpen = false;
  #hasEnded = false;
  #unfollow: Unfollow | null = null;
  #reading: Promise<void> | null = null;
  #readAgain = false;
  #polling = false;
  /** Tick of the last poll. */
  #polledAt: number;
  /** The cursor at the last tick, and the tick since which it has not moved. */
  #seenCursor: Cursor = START;
  #quietSince = 0;
  /** A rating was stored that the live viewers have not seen. */
  #feedbackDue = false;

  /** `slot` differs between tails; `tick` is the current one. */
  constructor(context: TailContext, sessionId: string, { slot, tick }: { slot: number; tick: number }) {
    this.#context = context;
    this.sessionId = sessionId;
    this.#slot = slot;
    // Tails that are opened at once, as after a restart, are polled at different times.
    this.#polledAt = tick - (slot % context.idlePollTicks);
  }

  /** The session is gone, or the tail was closed: no viewer can join. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The active run. */
  get runId(): string | null {
    return this.#runId;
  }

  /**
   * Subscribes to the session, once for all callers. Resolves with null, or with the reason why there is nothing to
   * follow.
   * @throws StoreError
   */
  open(): Promise<Absent | null> {
    return (this.#opening ??= this.#subscribe());
  }

  /** Unsubscribes and drops cached frames. Idempotent. */
  close(): void {
    this.#hasEnded = true;
    this.#context.cache.drop(this.sessionId);
    this.#unfollow?.();
    this.#unfollow = null;
  }

  /** Adds a viewer that starts to replay. */
  enter(viewer: Viewer): void {
    this.#audience.enter(viewer);
  }

  /** Makes a viewer live that has the log up to `cursor`; false when it, or this tail, has to read more first. */
  join(viewer: Viewer, cursor: Cursor): boolean {
    return !this.#hasEnded && this.#audience.join(viewer, cursor, this.#cursor);
  }

  /** Removes a viewer. Idempotent. */
  leave(viewer: Viewer): void {
    this.#audience.leave(viewer);
  }

  /** Cached frames after a cursor, of an earlier replay. */
  cached(after: Cursor): CachedFrames | undefined {
    return this.#context.cache.get(this.sessionId, after);
  }

  /** Caches frames for the next viewer that replays. */
  cache(after: Cursor, frames: CachedFrames): void {
    if (!this.#hasEnded) this.#context.cache.keep(this.sessionId, after, frames);
  }

  /**
   * Reads what is missing. Resolves when the tail has reached the head that the log had at the call.
   * @throws StoreError
   */
  catchUp(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#readAgain = true;
    return (this.#reading ??= this.#read());
  }

  /** Does what is due: poll, show ratings, ping. */
  onTick(tick: number): void {
    // A poll during the opening could move the cursor back, or beyond a gap.
    if (!this.#isOpen || this.#hasEnded) return;
    const { activePollTicks, pingTicks } = this.#context;
    if (this.#isPollDue(tick)) {
      this.#polledAt = tick;
      void this.#poll();
    }
    const turn = tick + this.#slot;
    // By the clock, so that many ratings make one snapshot.
    if (this.#feedbackDue && turn % activePollTicks === 0) void this.#showFeedback();
    if (turn % pingTicks === 0) this.#audience.ping();
  }

  /** Subscribes before it reads the head, so that nothing is lost in between. */
  async #subscribe(): Promise<Absent | null> {
    const { store } = this.#context;
    let missed = false;
    const unfollow = await store.follow(this.sessionId, (event) => {
      if (this.#isOpen) this.#hear(event);
      else missed = true;
    });
    if (this.#hasEnded) {
      unfollow();
      return null;
    }
    this.#unfollow = unfollow;
    const answer = await store.head(this.sessionId);
    if (answer.kind !== 'open') return answer.kind;
    this.#cursor = answer.head;
    this.#runId = answer.run?.runId ?? null;
    this.#isOpen = true;
    if (missed) await this.catchUp();
    return null;
  }

  #hear(event: FollowEvent): void {
    if (this.#hasEnded) return;
    switch (event.kind) {
      case 'entries':
        if (!this.#take(event.entries)) void this.#catchUpLater();
        return;
      case 'feedback':
        this.#feedbackDue = true;
        return;
      case 'gone':
        return this.#end();
      case 'unsure':
        // The missed event may be no entry: a poll finds out that the session is gone, or a share revoked.
        void this.#poll();
        void this.#catchUpLater();
    }
  }

  /** Takes entries that follow the cursor and skips known ones; false when there is a gap. */
  #take(entries: readonly LogEntry[]): boolean {
    for (const entry of entries) {
      if (!follows(this.#cursor, entry)) {
        if (compareCursors(entry.id, this.#cursor) <= 0) continue;
        return false;
      }
      this.#cursor = entry.id;
      this.#audience.push(entry);
      this.#noteRun(entry);
    }
    return true;
  }

  #noteRun(entry: LogEntry): void {
    const message = readControlMessage(entry);
    if (!message) return;
    const ended = endedRun(message);
    if (ended !== null) {
      this.#runId = null;
      this.#audience.endRun(ended);
    } else if (message.type !== 'error') this.#runId = message.runId;
  }

  /**
   * Reads until nobody asks for more. The last check of `#readAgain` and the reset of `#reading` are one synchronous
   * step: a call in between would be lost.
   */
  async #read(): Promise<void> {
    try {
      while (this.#readAgain && !this.#hasEnded) {
        this.#readAgain = false;
        await this.#readOn();
      }
    } finally {
      this.#reading = null;
    }
  }

  async #readOn(): Promise<void> {
    const before = this.#cursor;
    const answer = await this.#context.store.read(this.sessionId, { after: before, limit: READ_ENTRIES });
    if (this.#hasEnded) return;
    if (answer.kind === 'gone' || answer.kind === 'empty') return this.#end();
    if (answer.kind === 'snapshot') {
      // A hint may have moved the cursor during the read: then the answer is stale.
      if (this.#cursor === before) await this.#startAnew();
      this.#readAgain = true;
      return;
    }
    this.#take(answer.entries);
    if (this.#cursor !== before && compareCursors(this.#cursor, answer.head) < 0) this.#readAgain = true;
  }

  /** Nothing follows the cursor (trimmed, or the log has another history): all viewers start again from a snapshot. */
  async #startAnew(): Promise<void> {
    const before = this.#cursor;
    const session = await readSession(this.#context.store, this.sessionId);
    if (this.#hasEnded) return;
    if (session.kind !== 'open') return this.#end();
    // Hints that arrived during the read followed the cursor after all.
    if (this.#cursor !== before) return;
    // Cached frames may belong to a lost history.
    this.#context.cache.drop(this.sessionId);
    this.#cursor = session.finished.cursor;
    this.#runId = session.run?.runId ?? null;
    this.#audience.restart(this.#snapshotOf(session), this.#runId);
    this.#take(session.unfinished);
  }

  /** Compares the cursor with the log's head, in case the last hint was lost. */
  async #poll(): Promise<void> {
    if (this.#polling || this.#hasEnded) return;
    this.#polling = true;
    try {
      const answer = await this.#context.store.head(this.sessionId);
      if (this.#hasEnded) return;
      if (answer.kind !== 'open') return this.#end();
      this.#audience.endRevoked(answer.revoked);
      if (answer.head === this.#cursor) this.#runId = answer.run?.runId ?? null;
      else await this.catchUp();
    } catch (error) {
      this.#logFailure(error);
    } finally {
      this.#polling = false;
    }
  }

  /**
   * A lost hint is noticed with the next one, which leaves a gap; only the loss of the last goes unnoticed. So a tail
   * polls often when a run is active and no hint has arrived for a while, otherwise as rarely as an idle one.
   */
  #isPollDue(tick: number): boolean {
    const { activePollTicks, idlePollTicks } = this.#context;
    if (this.#seenCursor !== this.#cursor) {
      this.#seenCursor = this.#cursor;
      this.#quietSince = tick;
    }
    const isQuiet = tick - this.#quietSince >= activePollTicks;
    return tick - this.#polledAt >= (this.#runId !== null && isQuiet ? activePollTicks : idlePollTicks);
  }

  /**
   * Sends the live viewers a snapshot with the ratings. Not while a run is active, which the snapshot would remove from
   * the screen, nor while a viewer replays, which would miss it: then it stays due.
   */
  async #showFeedback(): Promise<void> {
    if (this.#runId !== null || this.#audience.hasReplaying || this.#reading) return;
    this.#feedbackDue = false;
    if (!this.#audience.hasLive) return;
    try {
      const session = await readSession(this.#context.store, this.sessionId);
      if (this.#hasEnded || session.kind !== 'open') return;
      this.#audience.flush();
      const isCurrent = session.run === null && session.finished.cursor === this.#cursor;
      if (isCurrent && !this.#audience.hasReplaying) this.#audience.show(this.#snapshotOf(session));
      else this.#feedbackDue = true;
    } catch (error) {
      this.#feedbackDue = true;
      this.#logFailure(error);
    }
  }

  #snapshotOf(session: OpenSession): Uint8Array {
    return toBytes(encodeSession(this.sessionId, session));
  }

  async #catchUpLater(): Promise<void> {
    try {
      await this.catchUp();
    } catch (error) {
      this.#logFailure(error);
    }
  }

  /** The viewers stay: the next poll finds the difference to the log's head and reads again. */
  #logFailure(error: unknown): void {
    const { logger } = this.#context;
    if (error instanceof StoreError) {
      logger.debug({ err: error }, 'A watched session could not be read; its viewers wait for the next poll');
    } else logger.error({ err: error }, 'Following a session failed; its viewers wait for the next poll');
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.close();
    this.#audience.end('gone');
  }
}
