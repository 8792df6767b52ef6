import type { OpenStore } from '../store-harness.ts';
export function describeModel(_openStore: OpenStore): void {}
