import type { LanguageModelV4StreamPart as ProviderPart } from '@ai-sdk/provider';
import {
  experimental_streamLanguageModelCall as streamLanguageModelCall,
  customProvider,
  jsonSchema,
  tool,
  wrapLanguageModel,
  type ToolSet,
} from 'ai';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openModelStream, type ModelPart } from './model-stream.ts';
import { createPartsModel, FINISH, streamOf } from './testing/parts-model.ts';

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

function callOf(stream: () => ReadableStream<ProviderPart>) {
  return { model: createPartsModel(stream), prompt: 'Hello', tools: TOOLS };
}

async function readAll(stream: { next(): Promise<ModelPart | null> }): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for (let part = await stream.next(); part !== null; part = await stream.next()) parts.push(part);
  return parts;
}

/** The parts without what depends on the clock, errors by their names. */
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
const providerParts: fc.Arbitrary<ProviderPart> = fc.oneof(
  fc.record({ type: fc.constantFrom('text-delta' as const, 'reasoning-delta' as const), id: ids, delta: deltas }),
  fc
    .record({ type: fc.constant('text-delta' as const), id: ids, delta: deltas, providerMetadata: metadata })
    .map(({ providerMetadata, ...part }) => (providerMetadata ? { ...part, providerMetadata } : part)),
  fc.record({ type: fc.constantFrom('text-start' as const, 'text-end' as const), id: ids }),
  fc.record({ type: fc.constantFrom('reasoning-start' as const, 'reasoning-end' as const), id: ids }),
  fc.constantFrom<ProviderPart>(
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

/** What the AI SDK itself makes of the call. */
async function readSdk(call: ReturnType<typeof callOf>): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for await (const part of (await streamLanguageModelCall(call)).stream) parts.push(part);
  return parts;
}

describe('the stream of a model', () => {
  test('has the parts of the AI SDK, in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(providerParts, { maxLength: 30 }), async (chunks) => {
        const call = callOf(() => streamOf(chunks));
        expect(comparable(await readAll(await openModelStream(call)))).toEqual(comparable(await readSdk(call)));
      }),
      { numRuns: 300 },
    );
  });

  test('has the same parts when the model is given by its name', async () => {
    const chunks: ProviderPart[] = [
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Good' },
      { type: 'text-end', id: '1' },
      FINISH,
    ];
    const call = callOf(() => streamOf(chunks));
    globalThis.AI_SDK_DEFAULT_PROVIDER = customProvider({ languageModels: { parts: call.model } });
    onTestFinished(() => {
      globalThis.AI_SDK_DEFAULT_PROVIDER = undefined;
    });
    const parts = await readAll(await openModelStream({ ...call, model: 'parts' }));
    expect(comparable(parts)).toEqual(comparable(await readSdk(call)));
  });

  test('breaks where the stream of the provider breaks, after everything that came before', async () => {
    const parts: ProviderPart[] = [
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

  test.each<[string, ProviderPart[]]>([
    ['before the first part', []],
    ['in the middle of a text', [{ type: 'text-start', id: '1' }]],
    ['after a tool call', [{ type: 'tool-call', toolCallId: 't', toolName: 'weather', input: '{"city":"Oslo"}' }]],
  ])('ends when it is cancelled %s, and cancels the stream of the provider', async (_, parts) => {
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
    const refusing = createPartsModel(() => Promise.reject(new Error('no key')));
    await expect(openModelStream({ model: refusing, prompt: 'Hello' })).rejects.toThrow('no key');
  });
});

/** What decision 28 relies on; red when an upgrade of the SDK changes it. */
describe('the shortcut for deltas relies on', () => {
  /** Parts that are given out one by one, as they are read. */
  function countReads(chunks: readonly ProviderPart[]) {
    let read = 0;
    const stream = new ReadableStream<ProviderPart>(
      {
        async pull(controller) {
          const part = chunks[read];
          // Open to its end: what would be read ahead is waited for.
          if (part === undefined) return await new Promise<never>(() => {});
          read += 1;
          controller.enqueue(part);
        },
      },
      { highWaterMark: 0 },
    );
    return { stream, read: () => read };
  }

  test.each<ProviderPart>([
    { type: 'text-start', id: '1' },
    { type: 'reasoning-start', id: '1' },
  ])('the SDK not holding back a $type until it has read more', async (start) => {
    const { stream } = await streamLanguageModelCall(callOf(() => countReads([start]).stream));
    expect((await stream.getReader().read()).value).toEqual(start);
  });

  test.each<Extract<ProviderPart, { delta: string }>>([
    { type: 'text-delta', id: '1', delta: 'Good' },
    { type: 'reasoning-delta', id: '1', delta: 'Hm', providerMetadata: { test: { signature: 's' } } },
  ])('the SDK changing nothing of a $type but the name of a field', async (part) => {
    const { delta: text, ...rest } = part;
    expect(comparable(await readSdk(callOf(() => streamOf([part]))))).toEqual([{ ...rest, text }]);
  });

  test('the SDK keeping the order of parts, even behind one that takes it long', async () => {
    const checked = Promise.withResolvers<{ success: true; value: object }>();
    const inputSchema = jsonSchema<object>({ type: 'object' }, { validate: () => checked.promise });
    const tools: ToolSet = { slow: tool({ inputSchema }) };
    const chunks: ProviderPart[] = [
      { type: 'tool-call', toolCallId: 't', toolName: 'slow', input: '{}' },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Good' },
      FINISH,
    ];
    const call = { ...callOf(() => streamOf(chunks)), tools };
    setTimeout(() => checked.resolve({ success: true, value: {} }), 20);
    const parts = await readAll(await openModelStream(call));
    expect(parts.map(({ type }) => type)).toEqual(['tool-call', 'text-start', 'text-delta', 'model-call-end']);
  });

  test('being around the host’s own middleware', async () => {
    const model = wrapLanguageModel({
      model: createPartsModel(() =>
        streamOf([
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: 'good' },
        ]),
      ),
      middleware: {
        specificationVersion: 'v4',
        async wrapStream({ doStream }) {
          const { stream, ...rest } = await doStream();
          const upperCase = new TransformStream<ProviderPart, ProviderPart>({
            transform: (part, controller) =>
              controller.enqueue(part.type === 'text-delta' ? { ...part, delta: part.delta.toUpperCase() } : part),
          });
          return { ...rest, stream: stream.pipeThrough(upperCase) };
        },
      },
    });
    const parts = await readAll(await openModelStream({ model, prompt: 'Hello' }));
    expect(parts.at(-1)).toEqual({ type: 'text-delta', id: '1', text: 'GOOD' });
  });

  test('one reader at a time: nothing is read ahead of the delta that was asked for', async () => {
    const deltas = Array.from({ length: 10 }, (): ProviderPart => ({ type: 'text-delta', id: '1', delta: 'Good' }));
    const provider = countReads([{ type: 'text-start', id: '1' }, ...deltas]);
    const stream = await openModelStream(callOf(() => provider.stream));
    expect(await stream.next()).toMatchObject({ type: 'text-start' });
    for (let index = 1; index <= deltas.length; index += 1) {
      expect(provider.read()).toBe(index);
      await stream.next();
    }
  });
});
