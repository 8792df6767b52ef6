import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createGateway, type LanguageModel } from 'ai';
import { createDemoModel } from './demo/demo-model.ts';
import { fetchModel } from './model-fetch.ts';
import {
  API_KEY_FORM,
  BASE_URL_FORM,
  isApiKey,
  isBaseUrl,
  MAX_TOKENS_PER_SECOND,
  MODEL_FORMS,
  parseModelName,
} from './model-settings.ts';

export interface ModelOptions {
  /** See `parseModelName`. */
  model: string;
  /**
   * Of an OpenAI-compatible server, up to the part before `/chat/completions`, such as `http://localhost:11434/v1`. Of
   * the AI Gateway only when it is not the public one.
   */
  baseUrl?: string | undefined;
  /** Not needed by most local servers; the AI Gateway always wants one. */
  apiKey?: string | undefined;
  /** The demo model's pace. */
  tokensPerSecond: number;
}

/** A setting of the model is missing or wrong. */
export class ModelSettingError extends Error {
  override name = 'ModelSettingError';
  /** The environment's name of the setting. */
  readonly setting: 'MODEL' | 'MODEL_BASE_URL' | 'MODEL_API_KEY' | 'DEMO_TOKENS_PER_SECOND';

  constructor(setting: ModelSettingError['setting'], message: string) {
    super(`${setting} ${message}`);
    this.setting = setting;
  }
}

/**
 * The model that the settings name.
 *
 * @throws ModelSettingError when a setting is missing or wrong; nothing is asked over the network.
 */
export function createModel({ model, baseUrl, apiKey, tokensPerSecond }: ModelOptions): LanguageModel {
  const name = parseModelName(model);
  if (!name) throw new ModelSettingError('MODEL', `must be ${MODEL_FORMS}`);
  if (name.kind === 'demo') {
    if (!(tokensPerSecond > 0 && tokensPerSecond <= MAX_TOKENS_PER_SECOND)) {
      throw new ModelSettingError('DEMO_TOKENS_PER_SECOND', `must be a number from 1 to ${MAX_TOKENS_PER_SECOND}`);
    }
    return createDemoModel({ tokensPerSecond });
  }
  if (baseUrl && !isBaseUrl(baseUrl)) throw new ModelSettingError('MODEL_BASE_URL', `must be ${BASE_URL_FORM}`);
  if (apiKey && !isApiKey(apiKey)) throw new ModelSettingError('MODEL_API_KEY', `must be ${API_KEY_FORM}`);
  if (name.kind === 'gateway') {
    if (!apiKey) throw new ModelSettingError('MODEL_API_KEY', 'is needed with gateway:<provider/model>');
    return createGateway({ apiKey, ...(baseUrl ? { baseURL: baseUrl } : {}) })(name.modelId);
  }
  if (!baseUrl) {
    throw new ModelSettingError(
      'MODEL_BASE_URL',
      'is needed with openai-compatible:<model>, such as http://localhost:11434/v1',
    );
  }
  const provider = createOpenAICompatible({
    name: name.kind,
    baseURL: baseUrl,
    includeUsage: true,
    fetch: fetchModel,
    ...(apiKey ? { apiKey } : {}),
  });
  return provider(name.modelId);
}
