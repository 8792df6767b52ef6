import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { simulateReadableStream } from 'ai';

/** The part that ends an answer in order: 3 tokens in, 2 out. */
export const FINISH = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: {
    inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 2, text: 2, reasoning: 0 },
  },
} as const satisfies LanguageModelV4StreamPart;

/** A stream of these parts, all there at once. */
export function streamOf(chunks: readonly LanguageModelV4StreamPart[]): ReadableStream<LanguageModelV4StreamPart> {
  return simulateReadableStream({ chunks: [...chunks], initialDelayInMs: null, chunkDelayInMs: null });
}

/** A model of the AI SDK that answers each call with a stream of provider parts. */
export function createPartsModel(
  stream: () => ReadableStream<LanguageModelV4StreamPart> | Promise<ReadableStream<LanguageModelV4StreamPart>>,
): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'test',
    modelId: 'parts',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('this model only streams')),
    doStream: async () => ({ stream: await stream() }),
  };
}
