import { expect, test } from 'vitest';
import { createDemoModel } from './models/demo-model.ts';
import { createStage } from './testing/stage.ts';

test('a prompt becomes a completed reply in the log', async () => {
  await using stage = createStage({ model: createDemoModel({ tokensPerSecond: 5000 }) });
  stage.start();
  const runId = await stage.prompt('How do I bake sourdough bread?');
  const { state, messages } = await stage.ended();

  expect(messages.map(({ type }) => type)).toContain('chunk');
  expect(messages.at(-1)).toMatchObject({ type: 'metadata', status: 'completed', runId, finishReason: 'stop', attempt: 1 });
  expect(messages.at(-2)).toMatchObject({ type: 'chunk', chunk: { type: 'finish' } });
  const reply = state.messages.at(-1);
  expect(reply).toMatchObject({ id: runId, role: 'assistant', metadata: { run: { status: 'completed' } } });
  expect(stage.textOf(reply)).toContain('sourdough');
});
