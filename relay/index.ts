/**
 * The relay as a part of somebody's own server: `resumable-chat/relay`. Nothing here needs Node; what does stands in
 * `resumable-chat/relay/node`. Every type that an option of `createRelay` has is exported.
 */
export { createRelay, type Relay } from './app.ts';
export { createDuePoller, type DuePoller, type DuePollerOptions } from './engine/due-poller.ts';
export type { CreateEngine, Engine, EngineParts, RunSettings } from './engine/engine.ts';
export { createExecutions, type Executions } from './engine/executions.ts';
export { executeRun, type ExecuteRunAnswer, type ExecuteRunOptions } from './engine/execute-run.ts';
export { createInProcessEngine, type InProcessEngineOptions } from './engine/in-process/in-process-engine.ts';
export type { TakeoverSetting } from './engine/plan-takeover.ts';
export type { ModelTimeouts } from './generation/watchdog.ts';
export type { RelayEnv } from './http/endpoint.ts';
export type { OriginRules } from './http/origins.ts';
export type { StaticFile, StaticFiles } from './http/pages.ts';
export type { PromptLimiter, PromptLimits, PromptTicket } from './limits/prompt-limiter.ts';
export type { HubTiming } from './live/hub.ts';
export type { StreamLimits } from './live/stream-limits.ts';
export type { AccessOptions, RelayLimits, RelayOptions, ReplyOptions, RunOptions } from './relay-options.ts';
export type { DemoControls } from './routes/demo.ts';
export type { SessionInspection } from './store/session-inspection.ts';
export type * from './store/session-store.ts';
export { StoreError } from './store/store-error.ts';
export type { Logger } from './util/logger.ts';
