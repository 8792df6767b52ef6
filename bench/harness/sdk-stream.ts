import { streamText, toUIMessageStream } from 'ai';
import { createBenchModel, promptFor } from './bench-model.ts';
import type { TokenStream, TokenWheel } from './token-wheel.ts';

/** Streams a reply through the AI SDK's `streamText`, as a server does that has no relay. */
export async function simulateSdkStream(
  wheel: TokenWheel,
  stream: TokenStream,
  onText: (text: string) => void,
): Promise<void> {
  const result = streamText({ model: createBenchModel(wheel), prompt: promptFor(stream) });
  for await (const chunk of toUIMessageStream({ stream: result.stream })) {
    if (chunk.type === 'text-delta') onText(chunk.delta);
  }
}
