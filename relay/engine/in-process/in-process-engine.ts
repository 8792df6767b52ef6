import { StoreError } from '../../store/store-error.ts';
import { createDuePoller } from '../due-poller.ts';
import type { Engine, EngineParts } from '../engine.ts';
import { RunStopped } from '../errors.ts';
import { createExecutions } from '../executions.ts';

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
  const { maxRuns = DEFAULT_MAX_RUNS, store, leaseMs, pollMs, logger } = options;
  const executions = createExecutions(options);
  /** Sessions with a run that has not ended here. */
  const running = new Set<string>();
  /** Sessions that were due while a run of theirs was still running here. */
  const dueMeanwhile = new Set<string>();
  const coolDown = createCoolDown(COOL_DOWN_MS);
  /** The last poll took nothing, for lack of room. */
  let isFull = false;

  const poller = createDuePoller({
    store,
    leaseMs,
    pollMs,
    logger,
    room() {
      const room = maxRuns - executions.size;
      isFull = room <= 0;
      return room;
    },
    refusing: () => running.size + coolDown.size,
    begin(sessionId) {
      if (running.has(sessionId)) {
        dueMeanwhile.add(sessionId);
        return false;
      }
      if (coolDown.has(sessionId)) return false;
      running.add(sessionId);
      void execute(sessionId);
      return true;
    },
  });

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
      const answer = await executions.execute(sessionId, { onEnded });
      // The poll learns when the run is due again.
      if (answer.kind === 'released') poller.poll();
    } catch (error) {
      if (!(error instanceof RunStopped)) {
        coolDown.add(sessionId);
        const log = error instanceof StoreError ? logger.warn : logger.error;
        log.call(logger, { err: error, session: sessionId.slice(0, 8) }, 'A run could not be claimed: it is retried');
      }
    }
    onEnded();
    if (isFull) poller.poll();
  }

  return {
    start: () => poller.poll(),
    // With or without a delay: the store knows when the run is due, and the poll learns it.
    dispatch: async () => poller.poll(),
    get activeRuns() {
      return executions.size;
    },
    drain(graceMs) {
      poller.stop();
      return executions.drain(graceMs);
    },
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
