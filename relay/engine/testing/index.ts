export { describeEngine } from './describe-engine.ts';
export type { EngineHarness, EngineModule, OpenEngine } from './engine-harness.ts';
