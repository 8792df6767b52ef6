import type { Hono } from 'hono';
import type { SessionStore } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';
import type { TakeoverSetting } from './plan-takeover.ts';
import type { Workflow } from './workflow.ts';

/**
 * Decides when and where due runs are executed; what executing one means is `executeRun`, which every engine calls.
 * Every engine passes the same suite (testing/describe-engine.ts).
 *
 * What each engine guarantees:
 * - **A dispatch is a hint, the due set is the truth.** A prompt is stored, and its run due, before it is dispatched. So a
 *   dispatch that is lost, or rejected, costs time and never the run: the engine polls `SessionStore.take` as well, as
 *   `createDuePoller` does, for runs that were never dispatched, and for those whose process has died.
 * - **At least once.** A run may be executed several times, at the same time, late, or after it has ended: the lease lets
 *   one execution write, and `executeRun` answers the others without harm.
 * - **An answer with `retryAfterMs` is dispatched again** after that time, by the engine itself.
 * - **A planned stop hands over.** From `drain` on nothing new is executed, and what is under way is given back.
 * - **Nothing is shared but the store.** Another engine, or another process, may execute the next attempt.
 */
export interface Engine {
  /** Begins to execute due runs. */
  start(): void;
  /**
   * Asks for the due run of a session to be executed, as soon as possible or after `afterMs`. Resolves once the request is
   * handed on, without waiting for the run. `runId` names the request, for engines that drop duplicates; which run is
   * executed the store decides.
   *
   * @throws when the request could not be handed on. The caller logs that and goes on: the run is found by polling.
   */
  dispatch(sessionId: string, runId: string, afterMs?: number): Promise<void>;
  /** Runs that are under way in this process, those that are being sealed included. */
  readonly activeRuns: number;
  /**
   * Executes nothing new and gives back the runs that are under way: what they have emitted is stored first, and steps
   * that should not be cut short, tools above all, have `graceMs` to finish. Resolves when none is left; afterwards
   * nothing of the engine is alive. Never rejects. Idempotent.
   */
  drain(graceMs: number): Promise<void>;
  /**
   * Routes of the engine's own, such as the one that a queue delivers to; `createRelay` mounts them behind its own at the
   * root. They are reached by anybody, with none of the relay's checks: the engine verifies who calls. While it drains it
   * refuses deliveries, so that they are made again elsewhere.
   */
  readonly routes?: Hono;
}

/** What executing a run takes, whichever run it is. */
export interface RunSettings {
  store: SessionStore;
  workflow: Workflow;
  logger: Logger;
  /** Name of the holder of the leases, for operators. */
  owner: string;
  /** How long a run is leased, in ms; the lease is renewed every third of it. */
  leaseMs: number;
  /** What becomes of the half-written reply of a run that is taken over. */
  takeover: TakeoverSetting;
  /** Attempts a run has before it ends as `attempts-exhausted`; `DEFAULT_MAX_ATTEMPTS` when not given. */
  maxAttempts?: number;
  /** How long emitted messages are gathered before they are written, in ms; 0, until the event loop's tick ends, when not given. */
  batchMs?: number;
}

/** Attempts a run has. */
export const DEFAULT_MAX_ATTEMPTS = 3;

/** What `createRelay` hands to an engine. */
export interface EngineParts extends RunSettings {
  /** How often the store likes to be polled for due runs while there is reason to, in ms; `DEFAULT_POLL_MS` when not given. */
  pollMs?: number;
}

/** Pause between polls while there is reason to poll, in ms. */
export const DEFAULT_POLL_MS = 500;

/**
 * Makes an engine; `RelayOptions.engine`.
 *
 * @example
 * createRelay({ …, engine: (parts) => createInProcessEngine({ ...parts, maxRuns: 100 }) });
 */
export type CreateEngine = (parts: EngineParts) => Engine;
