import { StoreError } from '../../store/store-error.ts';
import { sleep } from '../../util/time.ts';
import { createDuePoller } from '../due-poller.ts';
import type { Engine, EngineParts } from '../engine.ts';
import { RunStopped } from '../errors.ts';
import { executeRun } from '../execute-run.ts';

/** Runs at the same time in one process. */
const DEFAULT_MAX_RUNS = 1000;

/** Pause before a session whose run could not be claimed is tried again, in ms: it must not keep others from running. */
const COOL_DOWN_MS = 5000;

export interface InProcessEngineOptions extends EngineParts {
  /** Runs at the same time; 1000 when not given. */
  maxRuns?: number;
}

/**
 * Executes due runs in this process, beside the routes. Needs nothing but the store: a dispatch is a poll, and any relay of
 * the store may find the run. The default engine of `createRelay`.
 *
 * @example
 * createRelay({ …, engine: (parts) => createInProcessEngine({ ...parts, maxRuns: 100 }) });
 */
export function createInProcessEngine(options: InProcessEngineOptions): Engine {
  const { maxRuns = DEFAULT_MAX_RUNS, logger } = options;
  /** Sessions with a run that has not ended here. */
  const running = new Set<string>();
  /** Everything that is under way, sealing included. */
  const underWay = new Set<Promise<void>>();
  /** Sessions that were due while a run of theirs was still running here. */
  const dueMeanwhile = new Set<string>();
  const coolDown = createCoolDown(COOL_DOWN_MS);
  const handOver = new AbortController();
  const closing = new AbortController();
  let draining: Promise<void> | null = null;

  const poller = createDuePoller({
    store: options.store,
    leaseMs: options.leaseMs,
    pollMs: options.pollMs,
    logger,
    room: () => maxRuns - underWay.size,
    refusing: () => running.size + coolDown.size,
    begin(sessionId) {
      if (running.has(sessionId)) {
        dueMeanwhile.add(sessionId);
        return false;
      }
      if (coolDown.has(sessionId)) return false;
      begin(sessionId);
      return true;
    },
  });

  function begin(sessionId: string): void {
    running.add(sessionId);
    const execution = execute(sessionId).then(() => {
      underWay.delete(execution);
      // There is room again.
      if (underWay.size === maxRuns - 1) poller.poll();
    });
    underWay.add(execution);
  }

  /** Never rejects. */
  async function execute(sessionId: string): Promise<void> {
    let isOver = false;
    const onEnded = () => {
      if (isOver) return;
      isOver = true;
      running.delete(sessionId);
      // The next prompt of the session came before this run had heard of its own end.
      if (dueMeanwhile.delete(sessionId)) poller.poll();
    };
    try {
      const answer = await executeRun({
        ...options,
        sessionId,
        handOver: handOver.signal,
        closing: closing.signal,
        onEnded,
      });
      onEnded();
      // The poll learns when the run is due again.
      if (answer.kind === 'released') poller.poll();
    } catch (error) {
      if (!(error instanceof RunStopped)) {
        coolDown.add(sessionId);
        const log = error instanceof StoreError ? logger.warn : logger.error;
        log.call(logger, { err: error, session: sessionId.slice(0, 8) }, 'A run could not be claimed: it is retried');
      }
      onEnded();
    }
  }

  async function drain(graceMs: number): Promise<void> {
    poller.stop();
    handOver.abort(new RunStopped('hand-over'));
    const patience = new AbortController();
    const grace = sleep(graceMs, patience.signal).then(
      () => closing.abort(new RunStopped('closing')),
      // The runs were faster.
      () => {},
    );
    await Promise.all(underWay);
    patience.abort();
    await grace;
    closing.abort(new RunStopped('closing'));
  }

  return {
    start: () => poller.poll(),
    // With or without a delay: the store knows when the run is due, and the poll learns it.
    dispatch: async () => poller.poll(),
    get activeRuns() {
      return underWay.size;
    },
    drain: (graceMs) => (draining ??= drain(graceMs)),
  };
}

/** Sessions that are left alone for a while, on the monotonic clock. */
function createCoolDown(ms: number) {
  const until = new Map<string, number>();
  return {
    add: (sessionId: string) => void until.set(sessionId, performance.now() + ms),
    has(sessionId: string): boolean {
      const end = until.get(sessionId);
      return end !== undefined && end > performance.now();
    },
    get size() {
      const now = performance.now();
      for (const [sessionId, end] of until) if (end <= now) until.delete(sessionId);
      return until.size;
    },
  };
}
