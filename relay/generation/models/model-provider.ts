import type { LanguageModel } from 'ai';
import type * as z from 'zod';
import { readSettings, wrongSettings, type Environment, type FromSettings } from '../../util/settings.ts';

/**
 * Describes where models come from, so that the `MODEL` setting can name one: one description in the provider's folder
 * (`provider.ts`), and one line in the registry, `providers.ts`.
 */
export interface ModelProvider {
  /** MODEL itself (`demo`), or what stands before its first colon (`gateway`). */
  readonly name: string;
  /** The form that MODEL has, for error messages: `gateway:<provider/model>`. */
  readonly form: string;
  /** The settings it reads besides MODEL, by name. */
  readonly settings: z.ZodRawShape;
  /** Checks MODEL and the provider's settings. `modelId` is what follows the colon, null without one. Nothing is asked over the network. */
  parse(modelId: string | null, env: Environment): FromSettings<ModelFactory>;
}

/** Creates the model that was chosen. */
export type ModelFactory = () => LanguageModel;

type ModelProviderDescription<Shape extends z.ZodRawShape> = Omit<ModelProvider, 'settings' | 'parse'> & {
  settings: Shape;
  /** Does `modelId` have the provider's form? Null when MODEL is the provider's name alone. */
  accepts(modelId: string | null): boolean;
  /** A sentence when settings that are valid by themselves do not go together. */
  choose(modelId: string, settings: z.output<z.ZodObject<Shape>>): ModelFactory | { problem: string };
};

/**
 * Makes a provider from its description. `choose` sees what `accepts` let pass, and settings that were checked: one that
 * is not optional has to be set when the provider is chosen, and only then.
 *
 * @example
 * export const acmeProvider = defineModelProvider({
 *   name: 'acme',
 *   form: 'acme:<model>',
 *   settings: { ACME_KEY: text('set with MODEL=acme:…, to a key from acme.example/keys') },
 *   accepts: (modelId) => Boolean(modelId),
 *   choose: (modelId, { ACME_KEY }) => () => createAcme({ apiKey: ACME_KEY })(modelId),
 * });
 */
export function defineModelProvider<Shape extends z.ZodRawShape>(
  description: ModelProviderDescription<Shape>,
): ModelProvider {
  return {
    ...description,
    parse(modelId, env) {
      const settings = readSettings(description.settings, env);
      const problems = settings.kind === 'wrong' ? settings.problems : [];
      if (!description.accepts(modelId)) return wrongSettings([`MODEL must be ${description.form}.`, ...problems]);
      if (settings.kind === 'wrong') return settings;
      const model = description.choose(modelId ?? '', settings.value);
      return 'problem' in model ? wrongSettings([model.problem]) : { kind: 'ok', value: model };
    },
  };
}
