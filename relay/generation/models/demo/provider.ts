import { integer } from '../../../util/settings.ts';
import { defineModelProvider } from '../model-provider.ts';
import { createDemoModel } from './demo-model.ts';

/** Far above what can be streamed; a number beyond it is a mistake. */
const MAX_TOKENS_PER_SECOND = 100_000;

/** The built-in model, which needs no key. */
export const demoProvider = defineModelProvider({
  name: 'demo',
  form: 'demo',
  settings: { DEMO_TOKENS_PER_SECOND: integer(40, 1, MAX_TOKENS_PER_SECOND) },
  accepts: (modelId) => modelId === null,
  choose(_, { DEMO_TOKENS_PER_SECOND: tokensPerSecond }) {
    return () => createDemoModel({ tokensPerSecond });
  },
});
