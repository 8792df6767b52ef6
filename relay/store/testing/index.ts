/** What the author of a store driver needs to test it with the suite that every driver of this package passes. */
export { describeStore } from './conformance/describe-store.ts';
export type { ModelOptions } from './conformance/model/run-model.ts';
export type { OpenStore, OpenStoreOptions, StoreHarness } from './conformance/store-harness.ts';
