import type { Cursor } from '#shared/cursor.ts';
import type { ByeReason } from '#shared/protocol.ts';
import type { LogEntry } from '../store/session-store.ts';
import { encodeEntries, toBytes } from './frames.ts';
import { createRecentEntries, type RecentEntries } from './recent-entries.ts';
import { cutAtRunEnd } from './run-ends.ts';
import type { Viewer } from './viewer.ts';

/**
 * Everyone who watches one session. Those that are live get what is pushed, encoded once and written once a tick; those
 * that still replay the log at their own pace join the live ones when they have come to its end. A class for its
 * memory, as `Viewer` is.
 */
export class Audience {
  readonly #live = new Set<Viewer>();
  /** Null while nobody replays, as nearly always: an idle session shall cost little. */
  #replaying: Set<Viewer> | null = null;
  /** Kept for those that replay. */
  #recent: RecentEntries | null = null;
  /** Pushed, and not written to the live viewers yet. */
  #pending: LogEntry[] = [];

  /** Somebody still replays, and gets nothing of what is shown to the live viewers. */
  get hasReplaying(): boolean {
    return this.#replaying !== null;
  }

  get hasLive(): boolean {
    return this.#live.size > 0;
  }

  /** Takes in a viewer that begins to replay. */
  enter(viewer: Viewer): void {
    this.#replaying ??= new Set();
    this.#replaying.add(viewer);
    this.#recent ??= createRecentEntries();
  }

  /**
   * Makes a viewer live that stands at `from`, when all have been told of the log up to `head` or the entries kept lead
   * there. False when it has to read on first.
   */
  join(viewer: Viewer, from: Cursor, head: Cursor): boolean {
    this.flush();
    if (from !== head) {
      const missing = this.#recent?.after(from);
      if (!missing) return false;
      viewer.send(toBytes(encodeEntries(cutAtRunEnd(missing, viewer.until).entries)));
    }
    // What it was just sent may have been too much for it.
    if (!viewer.hasEnded) this.#live.add(viewer);
    this.#stopReplaying(viewer);
    return true;
  }

  /** Lets go of a viewer. Idempotent. */
  leave(viewer: Viewer): void {
    this.#live.delete(viewer);
    this.#stopReplaying(viewer);
  }

  /** Takes the entry that comes next in the log. */
  push(entry: LogEntry): void {
    this.#recent?.push(entry);
    if (this.#live.size === 0) return;
    if (this.#pending.push(entry) === 1) queueMicrotask(() => this.flush());
  }

  /** Writes what was pushed to the live viewers. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const entries = this.#pending;
    this.#pending = [];
    this.show(toBytes(encodeEntries(entries)));
  }

  /** Writes frames to all live viewers. */
  show(bytes: Uint8Array): void {
    for (const viewer of this.#live) viewer.send(bytes);
  }

  ping(): void {
    for (const viewer of this.#live) viewer.ping();
  }

  /** A run has ended, of which all was pushed. */
  endRun(runId: string): void {
    this.flush();
    for (const viewer of this.#live) if (viewer.until === runId) viewer.end();
  }

  /** What was pushed belongs to a history that is gone: all begin from a snapshot, after which this run is active. */
  restart(snapshot: Uint8Array, runId: string | null): void {
    this.#pending = [];
    if (this.#recent) this.#recent = createRecentEntries();
    this.show(snapshot);
    for (const viewer of this.#live) if (viewer.until !== null && viewer.until !== runId) viewer.end();
  }

  /** Ends those that read by a share of before the last `revoked` revocations. */
  endRevoked(revoked: number): void {
    for (const viewers of this.#everyone()) {
      for (const viewer of viewers) if (viewer.share !== null && viewer.share < revoked) viewer.end('gone');
    }
  }

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
