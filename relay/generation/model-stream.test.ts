import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import {
  experimental_streamLanguageModelCall as streamLanguageModelCall,
  jsonSchema,
  simulateReadableStream,
  tool,
  type ToolSet,
} from 'ai';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openModelStream, type ModelPart } from './model-stream.ts';

const TOOLS: ToolSet = {
  weather: tool({
    description: 'Tells the weather',
    inputSchema: jsonSchema<{ city: string }>({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    }),
  }),
};

const FINISH: LanguageModelV4StreamPart = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: {
    inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 2, text: 2, reasoning: 0 },
  },
};

function modelOf(stream: () => ReadableStream<LanguageModelV4StreamPart>): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'parts',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('it only streams')),
    doStream: () => Promise.resolve({ stream: stream() }),
  };
}

function callOf(stream: () => ReadableStream<LanguageModelV4StreamPart>) {
  return { model: modelOf(stream), prompt: 'Hello', tools: TOOLS };
}

async function readAll(stream: { next(): Promise<ModelPart | null> }): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for (let part = await stream.next(); part !== null; part = await stream.next()) parts.push(part);
  return parts;
}

/** Without what depends on the clock; errors as their names. */
function comparable(parts: readonly ModelPart[]): unknown[] {
  return parts.map((part) => {
    const { performance: _, error, ...rest } = { performance: null, error: undefined, ...part };
    const name = error instanceof Error ? error.name : error;
    return JSON.parse(JSON.stringify({ ...rest, error: name })) as unknown;
  });
}

const deltas = fc.constantFrom('', 'Good', ' day', '\n\n', '🎉');
const ids = fc.constantFrom('1', '2');
const metadata = fc.option(fc.constant({ test: { signature: 's' } }), { nil: undefined });
const said: fc.Arbitrary<LanguageModelV4StreamPart> = fc.oneof(
  fc.record({ type: fc.constantFrom('text-delta' as const, 'reasoning-delta' as const), id: ids, delta: deltas }),
  fc
    .record({ type: fc.constant('text-delta' as const), id: ids, delta: deltas, providerMetadata: metadata })
    .map(({ providerMetadata, ...part }) => (providerMetadata ? { ...part, providerMetadata } : part)),
  fc.record({ type: fc.constantFrom('text-start' as const, 'text-end' as const), id: ids }),
  fc.record({ type: fc.constantFrom('reasoning-start' as const, 'reasoning-end' as const), id: ids }),
  fc.constantFrom<LanguageModelV4StreamPart>(
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'r', modelId: 'm' },
    { type: 'tool-input-start', id: 't', toolName: 'weather' },
    { type: 'tool-input-delta', id: 't', delta: '{"city":' },
    { type: 'tool-input-end', id: 't' },
    { type: 'tool-call', toolCallId: 't', toolName: 'weather', input: '{"city":"Oslo"}' },
    { type: 'tool-call', toolCallId: 'u', toolName: 'weather', input: 'no JSON' },
    { type: 'tool-call', toolCallId: 'v', toolName: 'unknown', input: '{}' },
    { type: 'source', sourceType: 'url', id: 's', url: 'https://example.com' },
    { type: 'file', mediaType: 'text/plain', data: { type: 'data', data: 'SGVsbG8=' } },
    { type: 'error', error: new Error('overloaded') },
    FINISH,
  ),
);

describe('the stream of a model', () => {
  test('says what the SDK says, in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 30 }), async (chunks) => {
        const call = callOf(() => simulateReadableStream({ chunks, initialDelayInMs: null, chunkDelayInMs: null }));
        const expected: ModelPart[] = [];
        for await (const part of (await streamLanguageModelCall(call)).stream) expected.push(part);
        expect(comparable(await readAll(await openModelStream(call)))).toEqual(comparable(expected));
      }),
      { numRuns: 300 },
    );
  });

  test('breaks off where the model does, after all that came before', async () => {
    const parts: LanguageModelV4StreamPart[] = [
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Good' },
    ];
    const call = callOf(
      () =>
        new ReadableStream({
          pull(controller) {
            const part = parts.shift();
            if (part) controller.enqueue(part);
            else controller.error(new Error('the line is dead'));
          },
        }),
    );
    const stream = await openModelStream(call);
    expect(await stream.next()).toMatchObject({ type: 'text-start' });
    expect(await stream.next()).toMatchObject({ type: 'text-delta', text: 'Good' });
    await expect(stream.next()).rejects.toThrow('the line is dead');
  });

  test.each<[string, LanguageModelV4StreamPart[]]>([
    ['before the first part', []],
    ['in the middle of a text', [{ type: 'text-start', id: '1' }]],
    ['after a tool call', [{ type: 'tool-call', toolCallId: 't', toolName: 'weather', input: '{"city":"Oslo"}' }]],
  ])('ends when it is let go of %s, and lets go of the model', async (_, parts) => {
    const cancelled = Promise.withResolvers<void>();
    const call = callOf(
      () =>
        new ReadableStream({
          start: (controller) => parts.forEach((part) => controller.enqueue(part)),
          cancel: () => cancelled.resolve(),
        }),
    );
    const stream = await openModelStream(call);
    for (const part of parts) expect(await stream.next()).toMatchObject({ type: part.type });
    const waiting = stream.next();
    stream.cancel();
    expect(await waiting).toBeNull();
    expect(await stream.next()).toBeNull();
    await cancelled.promise;
  });

  test('fails as the provider does when it refuses the call', async () => {
    const refusing: LanguageModelV4 = {
      ...modelOf(() => new ReadableStream()),
      doStream: () => Promise.reject(new Error('no key')),
    };
    await expect(openModelStream({ model: refusing, prompt: 'Hello' })).rejects.toThrow('no key');
  });
});
