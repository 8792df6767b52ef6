import { expect, test } from 'vitest';
import type { Environment } from '../../util/settings.ts';
import { createModel } from './index.ts';

const LOCAL = { MODEL: 'openai-compatible:llama3.2', MODEL_BASE_URL: 'http://localhost:11434/v1' };
const GATEWAY = { MODEL: 'gateway:openai/gpt-5', MODEL_API_KEY: 'k' };

test.each<[Environment, string]>([
  [{}, 'demo'],
  [{ MODEL: '' }, 'demo'],
  [{ MODEL: 'demo', DEMO_TOKENS_PER_SECOND: '5' }, 'demo'],
  [LOCAL, 'llama3.2'],
  [{ ...LOCAL, MODEL: 'openai-compatible:org/model:free', MODEL_API_KEY: 'sk-1' }, 'org/model:free'],
  [GATEWAY, 'openai/gpt-5'],
  [{ MODEL: 'gateway:openai/gpt-5', AI_GATEWAY_API_KEY: 'k' }, 'openai/gpt-5'],
])('the settings %j name the model %s', (env, modelId) => {
  expect(createModel(env)).toMatchObject({ modelId });
});

test.each<[Environment, string]>([
  [{ MODEL: 'gpt-5' }, 'MODEL'],
  [{ MODEL: 'demo:' }, 'MODEL'],
  [{ MODEL: 'demo:x' }, 'MODEL'],
  [{ ...LOCAL, MODEL: 'openai-compatible' }, 'MODEL'],
  [{ ...LOCAL, MODEL: 'openai-compatible:' }, 'MODEL'],
  [{ ...LOCAL, MODEL: 'openai-compatible: ' }, 'MODEL'],
  [{ ...GATEWAY, MODEL: 'gateway:gpt-5' }, 'MODEL'],
  [{ MODEL: 'gateway:openai/gpt-5' }, 'MODEL_API_KEY'],
  [{ MODEL: LOCAL.MODEL }, 'MODEL_BASE_URL'],
  [{ ...LOCAL, MODEL_BASE_URL: 'localhost:11434' }, 'MODEL_BASE_URL'],
  [{ ...LOCAL, MODEL_BASE_URL: 'file:///etc' }, 'MODEL_BASE_URL'],
  [{ ...LOCAL, MODEL_API_KEY: 'sk-1\n' }, 'MODEL_API_KEY'],
  [{ DEMO_TOKENS_PER_SECOND: '0' }, 'DEMO_TOKENS_PER_SECOND'],
  [{ DEMO_TOKENS_PER_SECOND: 'fast' }, 'DEMO_TOKENS_PER_SECOND'],
])('the settings %j are refused, with the name of the wrong one', (env, setting) => {
  expect(() => createModel(env)).toThrow(
    expect.objectContaining({
      name: 'SettingsError',
      problems: [expect.stringMatching(new RegExp(`^${setting} must be .+\\.$`))],
    }),
  );
});
