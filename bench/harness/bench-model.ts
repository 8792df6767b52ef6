import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { TokenStream, TokenWheel } from './token-wheel.ts';

/** The prompt that the bench's model answers with this stream of tokens. */
export function promptFor(stream: TokenStream): string {
  return JSON.stringify({ count: stream.count, rate: stream.rate });
}

function readPrompt(text: string): TokenStream {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'count' in value && 'rate' in value) {
    if (typeof value.count === 'number' && typeof value.rate === 'number')
      return { count: value.count, rate: value.rate };
  }
  throw new Error('prompts of the bench model must be made by promptFor()');
}

/** A model of the AI SDK that answers with stamped tokens, at the pace that its prompt asks for. */
export function createBenchModel(wheel: TokenWheel): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'bench',
    modelId: 'stamped-tokens',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('the bench model only streams')),
    doStream: ({ prompt, abortSignal }) => {
      const question = prompt.findLast((message) => message.role === 'user');
      const text = question?.content.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? '';
      return Promise.resolve({ stream: createStream(wheel, readPrompt(text), abortSignal) });
    },
  };
}

function createStream(
  wheel: TokenWheel,
  stream: TokenStream,
  signal?: AbortSignal,
): ReadableStream<LanguageModelV4StreamPart> {
  let stop = (): unknown => undefined;
  return new ReadableStream<LanguageModelV4StreamPart>({
    start: (controller) => {
      controller.enqueue({ type: 'stream-start', warnings: [] });
      controller.enqueue({ type: 'text-start', id: '1' });
      stop = wheel.start(stream, {
        onToken: (delta) => controller.enqueue({ type: 'text-delta', id: '1', delta }),
        onEnd: () => {
          controller.enqueue({ type: 'text-end', id: '1' });
          controller.enqueue({
            type: 'finish',
            finishReason: { unified: 'stop', raw: 'stop' },
            usage: {
              inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
              outputTokens: { total: stream.count, text: stream.count, reasoning: 0 },
            },
          });
          controller.close();
        },
      });
      signal?.addEventListener('abort', () => {
        if (stop()) controller.error(signal.reason);
      });
    },
    cancel: () => {
      stop();
    },
  });
}
