import { streamText, toUIMessageStream } from 'ai';
import { createBenchModel, promptFor } from './bench-model.ts';
import type { TokenStream, TokenWheel } from './token-wheel.ts';

/** What any server that uses the AI SDK does before it can write a byte: its share of the cost is not the relay's. */
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
