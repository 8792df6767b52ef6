import { expect, test } from 'vitest';
import { createModel, type ModelOptions, type ModelSettingError } from './create-model.ts';

const settings: ModelOptions = {
  model: 'openai-compatible:llama3.2',
  baseUrl: 'http://localhost:11434/v1',
  tokensPerSecond: 40,
};

test('makes the models that the settings name', () => {
  expect(createModel({ model: 'demo', tokensPerSecond: 40 })).toMatchObject({ modelId: 'demo' });
  expect(createModel(settings)).toMatchObject({ modelId: 'llama3.2' });
  expect(createModel({ ...settings, model: 'openai-compatible:org/model:free', apiKey: 'sk-1' })).toMatchObject({
    modelId: 'org/model:free',
  });
  expect(createModel({ model: 'gateway:openai/gpt-5', apiKey: 'k', tokensPerSecond: 40 })).toMatchObject({
    modelId: 'openai/gpt-5',
  });
});

test.each<[Partial<ModelOptions>, ModelSettingError['setting']]>([
  [{ model: 'gpt-5' }, 'MODEL'],
  [{ model: 'openai-compatible:' }, 'MODEL'],
  [{ model: 'gateway:gpt-5', apiKey: 'k' }, 'MODEL'],
  [{ model: 'gateway:openai/gpt-5' }, 'MODEL_API_KEY'],
  [{ baseUrl: undefined }, 'MODEL_BASE_URL'],
  [{ baseUrl: 'localhost:11434' }, 'MODEL_BASE_URL'],
  [{ baseUrl: 'file:///etc' }, 'MODEL_BASE_URL'],
  [{ apiKey: 'sk-1\n' }, 'MODEL_API_KEY'],
  [{ model: 'demo', tokensPerSecond: 0 }, 'DEMO_TOKENS_PER_SECOND'],
  [{ model: 'demo', tokensPerSecond: NaN }, 'DEMO_TOKENS_PER_SECOND'],
])('refuses %j and names the setting', (wrong, setting) => {
  expect(() => createModel({ ...settings, ...wrong })).toThrow(
    expect.objectContaining({ name: 'ModelSettingError', setting }),
  );
});
