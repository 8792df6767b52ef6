import type { Hono } from 'hono';
import type { CreateEngine } from '../engine.ts';

/** An engine to be tested, and what its test has to do around it. */
export interface EngineHarness {
  create: CreateEngine;
  /**
   * Makes the routes of a created engine reachable for what it dispatches, as `createRelay` does; for engines that have
   * routes. Called once for each engine: several may be mounted, as behind a load balancer.
   */
  mount?(routes: Hono): void;
  /** Closes what `openEngine` has opened. The engines themselves are drained before. */
  close(): Promise<void>;
}

/** Opens a harness for one test: what the engine needs besides the store, such as a queue. */
export type OpenEngine = () => EngineHarness | Promise<EngineHarness>;

/** A module that the suite can import, in its own process and in one that it kills. */
export interface EngineModule {
  openEngine: OpenEngine;
}
