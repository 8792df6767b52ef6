import { describeEngine } from './testing/describe-engine.ts';

await describeEngine('in-process', new URL('./testing/in-process-harness.ts', import.meta.url));
// An engine that exists for this test alone: the port fits one that executes what a queue delivers.
await describeEngine('delivering', new URL('./testing/delivering-engine.ts', import.meta.url));
