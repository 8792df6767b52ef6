import type { Cursor } from '#shared/cursor.ts';
import type { ByeReason } from '#shared/protocol.ts';
import type { LogEntry } from '../store/session-store.ts';
import { encodeEntries, toBytes } from './frames.ts';
import { createRecentEntries, type RecentEntries } from './recent-entries.ts';
import { cutAtRunEnd } from './run-ends.ts';
import type { Viewer } from './viewer.ts';

/**
 * The viewers of one session. Live ones receive the pushed entries, encoded once for all and flushed once per turn of the
 * event loop. Replaying ones read the log at their own pace, and join the live ones when they reach its end. A class for
 * its memory, like `Viewer`.
 */
export class Audience {
  readonly #live = new Set<Viewer>();
  /** Null while no viewer replays, so that an idle session costs little. */
  #replaying: Set<Viewer> | null = null;
  /** Kept for replaying viewers. */
  #recent: RecentEntries | null = null;
  /** Pushed and not flushed yet. */
  #pending: LogEntry[] = [];

  /** At least one viewer replays. */
  get hasReplaying(): boolean {
    return this.#replaying !== null;
  }

  /** At least one viewer is live. */
  get hasLive(): boolean {
    return this.#live.size > 0;
  }

  /** Adds a viewer that starts to replay. */
  enter(viewer: Viewer): void {
    this.#replaying ??= new Set();
    this.#replaying.add(viewer);
    this.#recent ??= createRecentEntries();
  }

  /**
   * Makes a viewer live that has the log up to `from`, if that is `head`, where the live ones are, or if the recent
   * entries lead there. False when it has to read more first.
   */
  join(viewer: Viewer, from: Cursor, head: Cursor): boolean {
    this.flush();
    if (from !== head) {
      const missing = this.#recent?.after(from);
      if (!missing) return false;
      viewer.send(toBytes(encodeEntries(cutAtRunEnd(missing, viewer.until).entries)));
    }
    // It may have been dropped by the send above.
    if (!viewer.hasEnded) this.#live.add(viewer);
    this.#stopReplaying(viewer);
    return true;
  }

  /** Removes a viewer. Idempotent. */
  leave(viewer: Viewer): void {
    this.#live.delete(viewer);
    this.#stopReplaying(viewer);
  }

  /** Queues the next entry of the log for the live viewers. */
  push(entry: LogEntry): void {
    this.#recent?.push(entry);
    if (this.#live.size === 0) return;
    if (this.#pending.push(entry) === 1) queueMicrotask(() => this.flush());
  }

  /** Writes the pending entries to the live viewers. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const entries = this.#pending;
    this.#pending = [];
    this.show(toBytes(encodeEntries(entries)));
  }

  /** Writes whole frames to all live viewers. */
  show(bytes: Uint8Array): void {
    for (const viewer of this.#live) viewer.send(bytes);
  }

  /** Pings all live viewers. */
  ping(): void {
    for (const viewer of this.#live) viewer.ping();
  }

  /** Ends the viewers that waited for this run, all of whose entries were pushed. */
  endRun(runId: string): void {
    this.flush();
    for (const viewer of this.#live) if (viewer.until === runId) viewer.end();
  }

  /** Drops entries of a history that is gone and sends a snapshot to all live viewers; `runId` is the active run. */
  restart(snapshot: Uint8Array, runId: string | null): void {
    this.#pending = [];
    if (this.#recent) this.#recent = createRecentEntries();
    this.show(snapshot);
    for (const viewer of this.#live) if (viewer.until !== null && viewer.until !== runId) viewer.end();
  }

  /** Ends viewers whose share has been revoked; `revoked` counts the session's revocations. */
  endRevoked(revoked: number): void {
    for (const viewers of this.#everyone()) {
      for (const viewer of viewers) if (viewer.share !== null && viewer.share < revoked) viewer.end('gone');
    }
  }

  /** Ends all viewers. */
  end(reason: ByeReason): void {
    this.flush();
    for (const viewers of this.#everyone()) for (const viewer of viewers) viewer.end(reason);
  }

  #everyone(): Iterable<Viewer>[] {
    return this.#replaying ? [this.#live, this.#replaying] : [this.#live];
  }

  #stopReplaying(viewer: Viewer): void {
    this.#replaying?.delete(viewer);
    if (this.#replaying?.size !== 0) return;
    this.#replaying = null;
    this.#recent = null;
  }
}
