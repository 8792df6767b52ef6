import { createGateway } from 'ai';
import { apiKey, httpUrl } from '../../../util/settings.ts';
import { withoutUndefined } from '../../../util/without-undefined.ts';
import { defineModelProvider } from '../model-provider.ts';

/** Any model of the Vercel AI Gateway; MODEL_BASE_URL only where the gateway is not the public one. */
export const gatewayProvider = defineModelProvider({
  name: 'gateway',
  form: 'gateway:<provider/model>',
  settings: {
    MODEL_BASE_URL: httpUrl().optional(),
    MODEL_API_KEY: apiKey().optional(),
    /** The name that the gateway's own tools use. */
    AI_GATEWAY_API_KEY: apiKey().optional(),
  },
  accepts: (modelId) => modelId !== null && /^[^/]+\/./.test(modelId),
  choose(modelId, { MODEL_BASE_URL: baseURL, MODEL_API_KEY, AI_GATEWAY_API_KEY }) {
    const apiKey = MODEL_API_KEY ?? AI_GATEWAY_API_KEY;
    if (apiKey === undefined)
      return { problem: 'MODEL_API_KEY must be set with MODEL=gateway:…, to a key of the AI Gateway.' };
    return () => createGateway({ apiKey, ...withoutUndefined({ baseURL }) })(modelId);
  },
});
