import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { apiKey, httpUrl } from '../../../util/settings.ts';
import { withoutUndefined } from '../../../util/without-undefined.ts';
import { fetchModel } from './model-fetch.ts';
import { defineModelProvider } from '../model-provider.ts';

const NAME = 'openai-compatible';

/** Any server that speaks OpenAI's streaming format; most local ones want no key. */
export const openAICompatibleProvider = defineModelProvider({
  name: NAME,
  form: `${NAME}:<model>`,
  settings: {
    /** Up to the part before `/chat/completions`. */
    MODEL_BASE_URL: httpUrl(`set with MODEL=${NAME}:…, to a URL such as http://127.0.0.1:11434/v1`),
    MODEL_API_KEY: apiKey().optional(),
  },
  accepts: (modelId) => modelId !== null && modelId.trim() !== '',
  choose(modelId, { MODEL_BASE_URL: baseURL, MODEL_API_KEY: apiKey }) {
    const options = { name: NAME, baseURL, includeUsage: true, fetch: fetchModel, ...withoutUndefined({ apiKey }) };
    return () => createOpenAICompatible(options)(modelId);
  },
});
