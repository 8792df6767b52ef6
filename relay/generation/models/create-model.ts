import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createGateway, type LanguageModel } from 'ai';
import { createDemoModel } from './demo-model.ts';

export interface ModelOptions {
  /** `demo`, `openai-compatible:<model>`, or `gateway:<provider/model>`. */
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

const COMPATIBLE = 'openai-compatible:';
const GATEWAY = 'gateway:';

/**
 * The model that the settings name.
 *
 * @throws ModelSettingError when a setting is missing or wrong; nothing is asked over the network.
 */
export function createModel({ model, baseUrl, apiKey, tokensPerSecond }: ModelOptions): LanguageModel {
  if (model === 'demo') {
    if (!(tokensPerSecond > 0 && tokensPerSecond <= 100_000)) {
      throw new ModelSettingError('DEMO_TOKENS_PER_SECOND', 'must be a number from 1 to 100,000');
    }
    return createDemoModel({ tokensPerSecond });
  }
  if (model.startsWith(GATEWAY)) return createGatewayModel(model.slice(GATEWAY.length), baseUrl, apiKey);
  if (!model.startsWith(COMPATIBLE)) {
    throw new ModelSettingError('MODEL', 'must be demo, openai-compatible:<model> or gateway:<provider/model>');
  }
  const modelId = model.slice(COMPATIBLE.length);
  if (modelId.trim() === '') throw new ModelSettingError('MODEL', 'must name a model after openai-compatible:');
  if (!baseUrl) {
    throw new ModelSettingError('MODEL_BASE_URL', 'is needed with openai-compatible:<model>, such as http://localhost:11434/v1');
  }
  checkUrl(baseUrl);
  checkKey(apiKey);
  const provider = createOpenAICompatible({
    name: 'openai-compatible',
    baseURL: baseUrl,
    includeUsage: true,
    ...(apiKey ? { apiKey } : {}),
  });
  return provider(modelId);
}

function createGatewayModel(modelId: string, baseUrl: string | undefined, apiKey: string | undefined): LanguageModel {
  if (!/^[^/]+\/./.test(modelId)) throw new ModelSettingError('MODEL', 'must name provider/model after gateway:');
  if (!apiKey) throw new ModelSettingError('MODEL_API_KEY', 'is needed with gateway:<provider/model>');
  checkKey(apiKey);
  if (baseUrl) checkUrl(baseUrl);
  return createGateway({ apiKey, ...(baseUrl ? { baseURL: baseUrl } : {}) })(modelId);
}

function checkUrl(baseUrl: string): void {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ModelSettingError('MODEL_BASE_URL', 'must be an http or https address');
  }
}

/** An API key with a line break or the like would fail at each call, deep inside fetch. */
function checkKey(apiKey: string | undefined): void {
  if (apiKey !== undefined && !/^[\x21-\x7e]*$/.test(apiKey)) {
    throw new ModelSettingError('MODEL_API_KEY', 'must hold printable ASCII characters only, without spaces');
  }
}
