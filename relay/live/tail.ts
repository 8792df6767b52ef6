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

/** What all tails of a hub share. Ticks are those of the hub's clock. */
export interface TailContext {
  readonly store: SessionStore;
  readonly logger: Logger;
  readonly cache: FrameCache;
  readonly pingTicks: number;
  /** Ticks between two polls of the log's head: while a run is active and nothing is heard, and otherwise. */
  readonly activePollTicks: number;
  readonly idlePollTicks: number;
}

/** Entries read at a time, to catch up with a log whose hints were lost. */
const READ_ENTRIES = 2048;

/**
 * The end of one watched session's log, as this process knows it. It hears of what is written, reads what it did not
 * hear of, and tells its audience. A class for its memory: see docs/decisions/0025-what-exists-once-per-viewer-is-a-class.md.
 */
export class Tail {
  readonly sessionId: string;
  readonly #context: TailContext;
  readonly #audience = new Audience();
  /** Spreads the pings and polls of many tails over time. */
  readonly #slot: number;
  /** The log is known up to here; once flushed, this is where each live viewer stands. */
  #cursor: Cursor = START;
  /** The active run. */
  #runId: string | null = null;
  #opening: Promise<Absent | null> | null = null;
  #isOpen = false;
  #hasEnded = false;
  #unfollow: Unfollow | null = null;
  #reading: Promise<void> | null = null;
  #readAgain = false;
  #polling = false;
  /** Tick of the last poll; the cursor at the last tick, and since when it has stood there. */
  #polledAt: number;
  #seenCursor: Cursor = START;
  #quietSince = 0;
  /** Something was rated that the live viewers have not been shown. */
  #feedbackDue = false;

  /** `slot`: any number that its neighbours do not have. `tick`: the clock's now. */
  constructor(context: TailContext, sessionId: string, { slot, tick }: { slot: number; tick: number }) {
    this.#context = context;
    this.sessionId = sessionId;
    this.#slot = slot;
    // As if its neighbours, who may all have come back at once, had been polled at other moments.
    this.#polledAt = tick - (slot % context.idlePollTicks);
  }

  /** The session is gone: nobody joins any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get runId(): string | null {
    return this.#runId;
  }

  /**
   * Begins to follow the session, once, however often it is called. Resolves with null when it does, else with why not.
   * @throws StoreError
   */
  open(): Promise<Absent | null> {
    return (this.#opening ??= this.#subscribe());
  }

  /** Lets go of the store and of what was kept. Idempotent. */
  close(): void {
    this.#hasEnded = true;
    this.#context.cache.drop(this.sessionId);
    this.#unfollow?.();
    this.#unfollow = null;
  }

  /** Takes in a viewer that begins to replay. */
  enter(viewer: Viewer): void {
    this.#audience.enter(viewer);
  }

  /** Makes a viewer live that has read the log up to `cursor`; false when it, or this tail, has to read on first. */
  join(viewer: Viewer, cursor: Cursor): boolean {
    return !this.#hasEnded && this.#audience.join(viewer, cursor, this.#cursor);
  }

  /** Lets go of a viewer. Idempotent. */
  leave(viewer: Viewer): void {
    this.#audience.leave(viewer);
  }

  /** Frames kept for the next viewer that replays. */
  cached(after: Cursor): CachedFrames | undefined {
    return this.#context.cache.get(this.sessionId, after);
  }

  keep(after: Cursor, frames: CachedFrames): void {
    if (!this.#hasEnded) this.#context.cache.keep(this.sessionId, after, frames);
  }

  /**
   * Reads what of the log is not known yet. Resolves once it is known up to where the log ended at the call.
   * @throws StoreError
   */
  catchUp(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#readAgain = true;
    return (this.#reading ??= this.#read());
  }

  /** What is due by the clock. */
  onTick(tick: number): void {
    // Where the log ends is for the opening to find out: a poll that came between would set it back, or beyond a gap.
    if (!this.#isOpen || this.#hasEnded) return;
    const { activePollTicks, pingTicks } = this.#context;
    if (this.#isPollDue(tick)) {
      this.#polledAt = tick;
      void this.#poll();
    }
    const turn = tick + this.#slot;
    // By the clock, so that many ratings are one snapshot.
    if (this.#feedbackDue && turn % activePollTicks === 0) void this.#showFeedback();
    if (turn % pingTicks === 0) this.#audience.ping();
  }

  /** Subscribes first and looks where the log ends next, so that nothing falls between the two. */
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
        // What was missed need not be an entry: a poll sees that the session is gone, or a share revoked.
        void this.#poll();
        void this.#catchUpLater();
    }
  }

  /** Takes what follows the cursor, skips what is known; false when something is missing in between. */
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

  /** Reads for as long as somebody asks: the last look at that and the end are one step, so that no call falls between. */
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
      // What was heard meanwhile may have moved the cursor: then this says nothing of where it stands now.
      if (this.#cursor === before) await this.#startAnew();
      this.#readAgain = true;
      return;
    }
    this.#take(answer.entries);
    if (this.#cursor !== before && compareCursors(this.#cursor, answer.head) < 0) this.#readAgain = true;
  }

  /** Nothing follows the cursor (it was trimmed away, or the log has another history): all begin from a snapshot. */
  async #startAnew(): Promise<void> {
    const before = this.#cursor;
    const session = await readSession(this.#context.store, this.sessionId);
    if (this.#hasEnded) return;
    if (session.kind !== 'open') return this.#end();
    // What was heard meanwhile follows the cursor after all.
    if (this.#cursor !== before) return;
    // Frames that were kept may be of a history that was lost.
    this.#context.cache.drop(this.sessionId);
    this.#cursor = session.finished.cursor;
    this.#runId = session.run?.runId ?? null;
    this.#audience.restart(this.#snapshotOf(session), this.#runId);
    this.#take(session.unfinished);
  }

  /** Compares the cursor with the log's head: a hint may have been lost, and it may have been the last. */
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
   * A lost hint shows with the next one, which follows nothing: only the last may go unnoticed. So a tail that has heard
   * nothing for a while during a run polls often, and one that hears all the time as seldom as an idle one.
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
   * Shows the live viewers what was rated, by a snapshot: only while no run is active, which it would take from the
   * screen, and nobody replays, who would miss it. Otherwise it stays due.
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

  /** The viewers stay: the next poll sees that the log's head lies elsewhere, and reads again. */
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
