import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { simulateReadableStream } from 'ai';
import { describe, expect, test, vi } from 'vitest';
import type { ChatChunk } from '#shared/protocol.ts';
import { CutTurnError, ModelTurnError, runModelTurn } from './model-turn.ts';

const FINISH: LanguageModelV4StreamPart = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: {
    inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 2, text: 2, reasoning: 0 },
  },
};

function modelOf(parts: readonly LanguageModelV4StreamPart[]): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'parts',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('it only streams')),
    doStream: () => Promise.resolve({ stream: simulateReadableStream({ chunks: [...parts] }) }),
  };
}

async function run(model: LanguageModelV4, signal = new AbortController().signal) {
  const chunks: ChatChunk[] = [];
  const turn = runModelTurn({
    model,
    messages: [{ role: 'user', content: 'Hello' }],
    instructions: undefined,
    tools: {},
    maxOutputTokens: 100,
    timeouts: { firstChunkMs: 5000, chunkMs: 5000, totalMs: 5000 },
    continues: null,
    signal,
    emit: async (chunk) => {
      chunks.push(chunk);
    },
  });
  return { chunks, turn };
}

describe('a turn of the model', () => {
  test('that says itself that it failed is cut, even where no error came before', async () => {
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

  test('gives what the model said, and what it cost', async () => {
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

  test.each<[string, LanguageModelV4StreamPart[]]>([
    ['text that was never begun', [{ type: 'text-delta', id: 'b', delta: 'Who?' }]],
    [
      'text that has ended',
      [
        { type: 'text-end', id: 'a' },
        { type: 'text-delta', id: 'a', delta: 'More' },
      ],
    ],
    ['the end of a thought that was never begun', [{ type: 'reasoning-end', id: 'a' }]],
  ])('is cut by %s', async (_, parts) => {
    const start: LanguageModelV4StreamPart[] = [
      { type: 'text-start', id: 'a' },
      { type: 'text-delta', id: 'a', delta: 'Good' },
    ];
    const { chunks, turn } = await run(modelOf([...start, ...parts, FINISH]));
    const error: unknown = await turn.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ModelTurnError);
    expect(error).toMatchObject({ hasOutput: true, cause: expect.any(CutTurnError) });
    expect(chunks).not.toContainEqual(expect.objectContaining({ delta: 'More' }));
  });

  test('ends at once when it is stopped, even if the model takes no notice', async () => {
    const abort = new AbortController();
    const never = new Promise<never>(() => {});
    const { turn } = await run({ ...modelOf([]), doStream: () => never }, abort.signal);
    abort.abort(new Error('stopped'));
    await expect(turn).rejects.toThrow('stopped');
  });

  test('ends at once when it is stopped in the middle, even if the model takes no notice', async () => {
    const abort = new AbortController();
    const stream = new ReadableStream<LanguageModelV4StreamPart>({
      start: (controller) => {
        controller.enqueue({ type: 'text-start', id: 'a' });
        controller.enqueue({ type: 'text-delta', id: 'a', delta: 'Good' });
      },
      cancel: () => new Promise<never>(() => {}),
    });
    const { chunks, turn } = await run({ ...modelOf([]), doStream: () => Promise.resolve({ stream }) }, abort.signal);
    await vi.waitFor(() => expect(chunks).toHaveLength(3));
    abort.abort(new Error('stopped'));
    await expect(turn).rejects.toThrow('stopped');
  });

  test('lets go of a stream that comes after it was stopped', async () => {
    const abort = new AbortController();
    const late = Promise.withResolvers<{ stream: ReadableStream<LanguageModelV4StreamPart> }>();
    const { turn } = await run({ ...modelOf([]), doStream: () => late.promise }, abort.signal);
    abort.abort(new Error('stopped'));
    await expect(turn).rejects.toThrow('stopped');
    const cancelled = Promise.withResolvers<void>();
    late.resolve({ stream: new ReadableStream({ cancel: () => cancelled.resolve() }) });
    await cancelled.promise;
  });
});
