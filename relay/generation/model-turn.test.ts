import type { LanguageModelV4, LanguageModelV4StreamPart as ProviderPart } from '@ai-sdk/provider';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ChatChunk } from '#shared/protocol.ts';
import { runModelTurn, type ModelTurnOptions } from './model-turn.ts';
import { CutTurnError, ModelTurnError } from './turn-errors.ts';
import { createPartsModel, FINISH, streamOf } from './testing/parts-model.ts';

const TIMEOUTS = { firstChunkMs: 5000, chunkMs: 5000, totalMs: 5000 };

const modelOf = (parts: readonly ProviderPart[]) => createPartsModel(() => streamOf(parts));

async function run(model: LanguageModelV4, options: Partial<ModelTurnOptions> = {}) {
  const chunks: ChatChunk[] = [];
  const turn = runModelTurn({
    model,
    messages: [{ role: 'user', content: 'Hello' }],
    instructions: undefined,
    tools: {},
    maxOutputTokens: 100,
    timeouts: TIMEOUTS,
    continues: null,
    signal: new AbortController().signal,
    emit: async (chunk) => {
      chunks.push(chunk);
    },
    ...options,
  });
  return { chunks, turn };
}

describe('a turn of the model', () => {
  test('is cut when its finish reason is error, even without an error part before', async () => {
    const { turn } = await run(
      modelOf([
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: 'Good ' },
        { type: 'text-end', id: 't' },
        { ...FINISH, finishReason: { unified: 'error', raw: 'failed' } },
      ]),
    );
    await expect(turn).rejects.toMatchObject({
      name: 'ModelTurnError',
      hasOutput: true,
      cause: expect.any(CutTurnError),
    });
  });

  test('is cut when the stream ends in order, but without a finish', async () => {
    const { turn } = await run(
      modelOf([
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: 'Good' },
        { type: 'text-end', id: 't' },
      ]),
    );
    await expect(turn).rejects.toMatchObject({
      name: 'ModelTurnError',
      hasOutput: true,
      cause: expect.any(CutTurnError),
    });
  });

  test('times out when the model sends empty deltas for ever', async () => {
    let timer: NodeJS.Timeout | undefined;
    onTestFinished(() => clearInterval(timer));
    const preambles = new ReadableStream<ProviderPart>({
      start(controller) {
        controller.enqueue({ type: 'text-start', id: 't' });
        timer = setInterval(() => controller.enqueue({ type: 'text-delta', id: 't', delta: '' }), 100);
      },
      cancel: () => clearInterval(timer),
    });
    const { turn } = await run(
      createPartsModel(() => preambles),
      { timeouts: { ...TIMEOUTS, firstChunkMs: 500 } },
    );
    await expect(turn).rejects.toMatchObject({ hasOutput: false, cause: { phase: 'first-chunk', afterMs: 500 } });
  });

  test('does not count the time in which its chunks wait for the store', async () => {
    const chunkMs = 100;
    const slowStore: string[] = [];
    const { turn } = await run(
      modelOf([
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: 'Good' },
        { type: 'text-delta', id: 't', delta: ' day' },
        { type: 'text-end', id: 't' },
        FINISH,
      ]),
      {
        timeouts: { ...TIMEOUTS, chunkMs },
        async emit(chunk) {
          slowStore.push(chunk.type);
          if (chunk.type === 'text-delta') await new Promise((resolve) => setTimeout(resolve, 3 * chunkMs));
        },
      },
    );
    expect(await turn).toMatchObject({ finishReason: 'stop' });
    expect(slowStore).toEqual(['start-step', 'text-start', 'text-delta', 'text-delta', 'text-end']);
  });

  test('emits the chunks of the model, and resolves with finish reason, usage and calls', async () => {
    const { chunks, turn } = await run(
      modelOf([
        { type: 'stream-start', warnings: [] },
        { type: 'response-metadata', id: 'r', modelId: 'm' },
        { type: 'text-start', id: 'a' },
        { type: 'text-delta', id: 'a', delta: '' },
        { type: 'text-delta', id: 'a', delta: 'Good day' },
        { type: 'text-end', id: 'a' },
        FINISH,
      ]),
    );
    expect(await turn).toMatchObject({ finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 2 }, calls: [] });
    expect(chunks).toMatchObject([
      { type: 'start-step' },
      { type: 'text-start', id: 'a' },
      { type: 'text-delta', id: 'a', delta: 'Good day' },
      { type: 'text-end', id: 'a' },
    ]);
  });

  test.each<[string, ProviderPart[]]>([
    ['a delta of a text that never started', [{ type: 'text-delta', id: 'b', delta: 'Who?' }]],
    [
      'a delta of a text that has ended',
      [
        { type: 'text-end', id: 'a' },
        { type: 'text-delta', id: 'a', delta: 'More' },
      ],
    ],
    ['the end of reasoning that never started', [{ type: 'reasoning-end', id: 'a' }]],
  ])('is cut by %s', async (_, parts) => {
    const start: ProviderPart[] = [
      { type: 'text-start', id: 'a' },
      { type: 'text-delta', id: 'a', delta: 'Good' },
    ];
    const { chunks, turn } = await run(modelOf([...start, ...parts, FINISH]));
    const error: unknown = await turn.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ModelTurnError);
    expect(error).toMatchObject({ hasOutput: true, cause: expect.any(CutTurnError) });
    expect(chunks).not.toContainEqual(expect.objectContaining({ delta: 'More' }));
  });

  test('ends at once when it is aborted, even if the model ignores the signal', async () => {
    const abort = new AbortController();
    const never = new Promise<never>(() => {});
    const { turn } = await run({ ...modelOf([]), doStream: () => never }, { signal: abort.signal });
    abort.abort(new Error('stopped'));
    await expect(turn).rejects.toThrow('stopped');
  });

  test('ends at once when it is aborted in the middle, even if the model ignores the signal', async () => {
    const abort = new AbortController();
    const stream = new ReadableStream<ProviderPart>({
      start: (controller) => {
        controller.enqueue({ type: 'text-start', id: 'a' });
        controller.enqueue({ type: 'text-delta', id: 'a', delta: 'Good' });
      },
      cancel: () => new Promise<never>(() => {}),
    });
    const { chunks, turn } = await run(
      { ...modelOf([]), doStream: () => Promise.resolve({ stream }) },
      { signal: abort.signal },
    );
    await vi.waitFor(() => expect(chunks).toHaveLength(3));
    abort.abort(new Error('stopped'));
    await expect(turn).rejects.toThrow('stopped');
  });

  test('cancels a stream that opens after it was aborted', async () => {
    const abort = new AbortController();
    const late = Promise.withResolvers<{ stream: ReadableStream<ProviderPart> }>();
    const { turn } = await run({ ...modelOf([]), doStream: () => late.promise }, { signal: abort.signal });
    abort.abort(new Error('stopped'));
    await expect(turn).rejects.toThrow('stopped');
    const cancelled = Promise.withResolvers<void>();
    late.resolve({ stream: new ReadableStream({ cancel: () => cancelled.resolve() }) });
    await cancelled.promise;
  });
});
