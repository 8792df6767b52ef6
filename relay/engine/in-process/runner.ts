import { newId } from '#shared/ids.ts';
import type { Logger } from '../../util/logger.ts';
import { sealSession } from '../../store/seal-session.ts';
import type { SessionStore, Unfollow } from '../../store/session-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { askStore } from '../../store/ask-store.ts';
import { RunStopped } from '../errors.ts';
import { planTakeover, type TakeoverSetting } from '../plan-takeover.ts';
import { runLease, type RunOutcome } from '../run-lease.ts';
import { backoffMs, sleep } from '../../util/time.ts';
import type { Workflow } from '../workflow.ts';

export interface RunnerOptions {
  store: SessionStore;
  workflow: Workflow;
  logger: Logger;
  /** Who holds the leases; for people who look. */
  owner: string;
  leaseMs: number;
  /** What becomes of the half-written reply of a run that is taken over. */
  takeover: TakeoverSetting;
  /** Attempts a run has; 3 when not given. */
  maxAttempts?: number;
  /** Runs at the same time; 1000 when not given. */
  maxRuns?: number;
  /**
   * Looks for due runs so often while hand-overs cannot be heard of, or what is due cannot be taken here; else a quarter
   * as often, or twice in a lease if that is more, and besides when a lease runs out or a run is to be tried again.
   * 500 ms when not given.
   */
  pollMs?: number;
  /** Waits so long before it writes what was emitted, for stores where a write is a request; 0 when not given. */
  batchMs?: number;
}

/** Takes due runs from the store and runs the workflow for each. */
export interface Runner {
  start(): void;
  /** There is something to do: looks now, whenever the next look would have been. */
  nudge(): void;
  readonly activeRuns: number;
  /**
   * Takes no more runs and gives back those that are under way: what they have emitted is stored first, and steps
   * that should not be cut short, tools above all, have `graceMs` to finish. Resolves when none is left; afterwards
   * nothing of the runner is alive. Never rejects. Idempotent.
   */
  drain(graceMs: number): Promise<void>;
}

/** Of one look into the store. */
const MAX_TAKE = 100;

/** A relay that hears of a hand-over looks within this time. */
const MAX_HINT_DELAY_MS = 40;

/** A relay that knows when a run will be due looks within this time from then on. */
const MAX_DUE_DELAY_MS = 100;

/** Between two looks, whatever will be due. */
const MIN_LOOK_MS = 50;

/** Polls that one look stands for when all that becomes due is heard of, or known from the look before. */
const IDLE_POLLS = 4;

/** After a look that failed the next one waits, up to this long. */
const MAX_POLL_BACKOFF_MS = 5000;

/** So long is tried to claim a run: the token makes it safe. */
const CLAIM_MS = 5000;

/** A session whose claim failed is left alone for so long, so that one that cannot be claimed harms no other. */
const COOL_DOWN_MS = 5000;

const SEAL_MS = 5000;

export function createRunner(options: RunnerOptions): Runner {
  const { store, workflow, logger, owner, leaseMs, takeover } = options;
  const { maxAttempts = 3, maxRuns = 1000, pollMs = 500, batchMs = 0 } = options;
  const active = new Map<string, Promise<void>>();
  /** Sessions that failed, and until when they are left alone, on the monotonic clock. */
  const cooling = new Map<string, number>();
  /** Well within a lease: its end is known before it comes, whoever took it right after a look. */
  const idleMs = Math.max(pollMs, Math.min(IDLE_POLLS * pollMs, leaseMs / 2));
  const handOver = new AbortController();
  const closing = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;
  let lookAgain = false;
  let failures = 0;
  let draining: Promise<void> | null = null;
  /** Null: hand-overs are not heard of, but by looking. */
  let following: Promise<Unfollow | null> | null = null;
  let hears = false;
  let hintTimer: ReturnType<typeof setTimeout> | undefined;

  /** Tried again with each look: it is a hint, and where there is none the looks are enough. */
  function followDue(): void {
    following ??= store.followDue(onHandOver).then(
      (unfollow) => {
        hears = true;
        return unfollow;
      },
      (error: unknown) => {
        logger.debug({ err: error }, 'Hand-overs cannot be heard of.');
        following = null;
        return null;
      },
    );
  }

  function onHandOver(): void {
    if (handOver.signal.aborted) return;
    // At a moment of its own: the first relay to look takes what there is, and the others find nothing to fight over.
    hintTimer ??= setTimeout(() => {
      hintTimer = undefined;
      look();
    }, Math.random() * MAX_HINT_DELAY_MS);
  }

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (!handOver.signal.aborted) timer = setTimeout(look, ms);
  }

  function look(): void {
    if (handOver.signal.aborted) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    clearTimeout(timer);
    looking = true;
    lookAgain = false;
    followDue();
    takeDue().then(
      (waitMs) => {
        looking = false;
        if (failures > 0) logger.info({}, 'The store answers again.');
        failures = 0;
        schedule(lookAgain ? 0 : waitMs);
      },
      (error: unknown) => {
        looking = false;
        const log = error instanceof StoreError ? logger.warn : logger.error;
        if (failures === 0) log.call(logger, { err: error }, 'Due runs cannot be looked for: trying again.');
        schedule(backoffMs(failures, pollMs, MAX_POLL_BACKOFF_MS));
        failures += 1;
      },
    );
  }

  /** Spread, so that relays that were started together do not all look at the same moments. */
  function spread(ms: number): number {
    return ms * (0.8 + Math.random() * 0.4);
  }

  /** Resolves to when to look again, in ms. */
  async function takeDue(): Promise<number> {
    const limit = Math.min(maxRuns - active.size, MAX_TAKE);
    // As soon as there is room, it looks all the same.
    if (limit <= 0) return spread(idleMs);
    // Those that run here may be due as well, should their leases have run out: they do not count.
    const { due, nextDueMs } = await store.take(Math.min(limit + active.size + cooling.size, 2 * MAX_TAKE));
    const now = performance.now();
    for (const [sessionId, until] of cooling) if (until <= now) cooling.delete(sessionId);
    const fresh = due.filter((sessionId) => !active.has(sessionId) && !cooling.has(sessionId));
    for (const sessionId of fresh.slice(0, limit)) {
      if (handOver.signal.aborted) return idleMs;
      const running = runSession(sessionId).then((outcome) => {
        active.delete(sessionId);
        // There is room again, or something to be tried again at a time that the store knows.
        if (active.size === maxRuns - 1 || outcome === 'released') look();
      });
      active.set(sessionId, running);
    }
    if (fresh.length >= limit) return 0;
    const idle = spread(hears && fresh.length === due.length ? idleMs : pollMs);
    if (nextDueMs === null) return idle;
    // Each relay at a moment of its own, as after a hint.
    return Math.min(idle, Math.max(MIN_LOOK_MS, nextDueMs + Math.random() * MAX_DUE_DELAY_MS));
  }

  /** Never rejects. Resolves to how a lease that was had went. */
  async function runSession(sessionId: string): Promise<RunOutcome | null> {
    const { signal } = closing;
    try {
      const token = newId();
      const askedAt = performance.now();
      const claim = await askStore(
        async () => {
          const plan = await planTakeover(store, sessionId, takeover);
          return await store.claim(sessionId, { token, owner, leaseMs, maxAttempts, takeover: plan });
        },
        { signal, giveUpMs: CLAIM_MS },
      );
      if (claim.kind === 'lease') {
        const startedAt = performance.now();
        const outcome = await runLease({
          store,
          workflow,
          sessionId,
          lease: claim.lease,
          leaseMs,
          askedAt,
          maxAttempts,
          batchMs,
          handOver: handOver.signal,
          closing: signal,
          logger,
        });
        const { runId, attempt } = claim.lease;
        const fields = { session: sessionId.slice(0, 8), run: runId.slice(0, 8), attempt, outcome };
        logger.info({ ...fields, ms: Math.round(performance.now() - startedAt) }, 'A run is over here.');
        if (outcome !== 'ended') return outcome;
      } else if (claim.kind !== 'ended') {
        return null;
      }
      await askStore(() => sealSession(store, sessionId), { signal, giveUpMs: SEAL_MS });
      return 'ended';
    } catch (error) {
      if (error instanceof RunStopped) return null;
      cooling.set(sessionId, performance.now() + COOL_DOWN_MS);
      const log = error instanceof StoreError ? logger.warn : logger.error;
      log.call(logger, { err: error, session: sessionId.slice(0, 8) }, 'A run could not be claimed or sealed.');
      return null;
    }
  }

  async function drainOnce(graceMs: number): Promise<void> {
    clearTimeout(timer);
    clearTimeout(hintTimer);
    handOver.abort(new RunStopped('hand-over'));
    const settled = Promise.all(active.values());
    const patience = new AbortController();
    const grace = sleep(graceMs, patience.signal).then(
      () => closing.abort(new RunStopped('closing')),
      // The runs were faster.
      () => {},
    );
    await settled;
    patience.abort();
    await grace;
    closing.abort(new RunStopped('closing'));
    // Not waited for: whatever it says, nobody looks any more.
    void following?.then((unfollow) => unfollow?.());
  }

  return {
    start: () => look(),
    nudge: () => look(),
    get activeRuns() {
      return active.size;
    },
    drain(graceMs) {
      draining ??= drainOnce(graceMs);
      return draining;
    },
  };
}
