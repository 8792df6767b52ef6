import type { LanguageModel } from 'ai';
import { SettingsError, wrongSettings, type Environment, type FromSettings } from '../../util/settings.ts';
import type { ModelFactory, ModelProvider } from './model-provider.ts';
import * as registry from './providers.ts';

/** Every provider of the registry. */
export const MODEL_PROVIDERS: readonly ModelProvider[] = Object.values(registry);

/** The model when MODEL is not set. */
export const DEFAULT_MODEL = 'demo';

/**
 * Reads which model the settings name: MODEL is a provider's name, or `<provider>:<model>`. This is the one place where
 * the settings of models are checked.
 */
export function readModel(env: Environment, providers = MODEL_PROVIDERS): FromSettings<ModelFactory> {
  const text = env['MODEL'] || DEFAULT_MODEL;
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const provider = providers.find((provider) => provider.name === name);
  if (!provider) return wrongSettings([`MODEL must be ${providers.map(({ form }) => form).join(', ')}.`]);
  return provider.parse(colon === -1 ? null : text.slice(colon + 1), env);
}

/**
 * Creates the model that the settings name.
 *
 * @throws SettingsError when a setting is missing or wrong; nothing is asked over the network.
 * @example
 * createModel({ MODEL: 'openai-compatible:llama3.2', MODEL_BASE_URL: 'http://127.0.0.1:11434/v1' })
 */
export function createModel(env: Environment): LanguageModel {
  const model = readModel(env);
  if (model.kind === 'wrong') throw new SettingsError(model.problems);
  return model.value();
}
