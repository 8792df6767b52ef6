import { createInProcessEngine } from '../in-process/in-process-engine.ts';
import type { OpenEngine } from './engine-harness.ts';

export const openEngine: OpenEngine = () => ({ create: createInProcessEngine, close: async () => {} });
