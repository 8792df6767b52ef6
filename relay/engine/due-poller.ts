import type { SessionStore, Unfollow } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Logger } from '../util/logger.ts';
import { backoffMs } from '../util/backoff.ts';
import { DEFAULT_POLL_MS } from './engine.ts';

/** Runs taken per poll. */
const MAX_TAKE = 100;

/** A hint is followed by a poll within this time, in ms: at a random moment, so that relays do not all poll at once. */
const MAX_HINT_DELAY_MS = 40;

/** A run whose time is known is polled for within this time after it, in ms: at a random moment, as after a hint. */
const MAX_DUE_DELAY_MS = 100;

/** The least pause between polls for a run whose time is known, in ms. */
const MIN_POLL_MS = 50;

/** Polls left out when all that becomes due is announced, or known from the poll before. */
const IDLE_POLLS = 4;

/** Pause after polls that failed, at most, in ms. */
const MAX_POLL_BACKOFF_MS = 5000;

export interface DuePollerOptions {
  store: Pick<SessionStore, 'take' | 'followDue'>;
  /**
   * Pause between polls, in ms, while hand-overs cannot be heard of or something is due that cannot be executed here.
   * Otherwise polls are four times as far apart, or half a lease if that is less, and come besides when a run whose time is
   * known becomes due. `DEFAULT_POLL_MS` when not given.
   */
  pollMs?: number | undefined;
  leaseMs: number;
  /** Runs that may still begin here. */
  room(): number;
  /** Sessions that `begin` would refuse now, about: a poll asks for as many more. */
  refusing(): number;
  /** Begins to execute the due run of a session; false when it has to be left alone for now. */
  begin(sessionId: string): boolean;
  logger: Logger;
}

/**
 * Finds due runs by polling the store's due set, which is the truth: runs that were never dispatched, whose dispatch was
 * lost, or whose process has died. It learns from each poll when to come back (docs/decisions/0015).
 */
export interface DuePoller {
  /** Polls now, and goes on polling. */
  poll(): void;
  /** Polls no more. */
  stop(): void;
}

/**
 * Creates a poller; it polls from the first `poll` on.
 *
 * @example
 * const poller = createDuePoller({ store, leaseMs, logger, room: () => 100, refusing: () => 0, begin });
 * poller.poll();
 */
export function createDuePoller(options: DuePollerOptions): DuePoller {
  const { store, leaseMs, logger, pollMs = DEFAULT_POLL_MS } = options;
  /** Less than a lease: its end is known before it comes, even if it was taken right after a poll. */
  const idleMs = Math.max(pollMs, Math.min(IDLE_POLLS * pollMs, leaseMs / 2));
  const hints = createHintListener(store, poll, logger);
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let polling = false;
  let pollAgain = false;
  let failures = 0;

  function poll(): void {
    if (stopped) return;
    if (polling) {
      pollAgain = true;
      return;
    }
    clearTimeout(timer);
    polling = true;
    pollAgain = false;
    hints.listen();
    pollOnce().then(onPolled, onFailed);
  }

  function onPolled(waitMs: number): void {
    polling = false;
    if (failures > 0) logger.info({}, 'The store answers again');
    failures = 0;
    schedule(pollAgain ? 0 : waitMs);
  }

  function onFailed(error: unknown): void {
    polling = false;
    const log = error instanceof StoreError ? logger.warn : logger.error;
    if (failures === 0) log.call(logger, { err: error }, 'The store could not be polled for due runs: retrying');
    schedule(backoffMs(failures, pollMs, MAX_POLL_BACKOFF_MS));
    failures += 1;
  }

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(poll, ms);
  }

  /** Resolves to when to poll again, in ms. */
  async function pollOnce(): Promise<number> {
    const room = Math.min(options.room(), MAX_TAKE);
    // The run that ends, and so makes room, polls.
    if (room <= 0) return spread(idleMs);
    const { due, nextDueMs } = await store.take(Math.min(room + options.refusing(), 2 * MAX_TAKE));
    let begun = 0;
    let refused = 0;
    for (const sessionId of due) {
      if (begun === room || stopped) break;
      if (options.begin(sessionId)) begun += 1;
      else refused += 1;
    }
    if (begun === room) return 0;
    const idle = spread(hints.areHeard && refused === 0 ? idleMs : pollMs);
    if (nextDueMs === null) return idle;
    return Math.min(idle, Math.max(MIN_POLL_MS, nextDueMs + Math.random() * MAX_DUE_DELAY_MS));
  }

  return {
    poll,
    stop() {
      stopped = true;
      clearTimeout(timer);
      hints.stop();
    },
  };
}

/** Spread by a fifth, so that relays that were started together do not all poll at the same moments. */
function spread(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}

/** Polls when the store says that a run was handed over. A hint only: where it cannot be had, polls are enough. */
function createHintListener(store: Pick<SessionStore, 'followDue'>, poll: () => void, logger: Logger) {
  let following: Promise<Unfollow | null> | null = null;
  let areHeard = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function onHint(): void {
    if (stopped) return;
    // The first relay to poll claims the run, and the others find nothing due.
    timer ??= setTimeout(() => {
      timer = undefined;
      poll();
    }, Math.random() * MAX_HINT_DELAY_MS);
  }

  return {
    /** True while a hand-over is heard of without polling. */
    get areHeard() {
      return areHeard;
    },
    /** Tries to listen, unless it listens already; called again with each poll. */
    listen(): void {
      following ??= store.followDue(onHint).then(
        (unfollow) => {
          areHeard = true;
          return unfollow;
        },
        (error: unknown) => {
          logger.debug({ err: error }, 'Hand-overs cannot be heard of: polling more often');
          following = null;
          return null;
        },
      );
    },
    stop(): void {
      stopped = true;
      clearTimeout(timer);
      // Not awaited: whatever it says, nobody polls any more.
      void following?.then((unfollow) => unfollow?.());
    },
  };
}
