import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { countTokens } from './pace.ts';
import { playScript } from './play-script.ts';
import { allText, readConversation, unfinishedAnswer } from './read-prompt.ts';
import { writeScript, type Script } from './script.ts';

/** The demo model's settings. */
export interface DemoModelOptions {
  /** The pace of its answers; more than 0. */
  tokensPerSecond: number;
}

/**
 * Creates a model that needs no key and no network, for trying the chat. It answers in markdown that has to do with the
 * prompt, at a set pace, always the same for the same conversation, and keeps nothing between calls.
 *
 * It knows commands, above all for tests (`COMMANDS` in command-texts.ts, shown by `/help`): `/long N`, `/think`, `/code`,
 * `/table`, `/story`, `/markdown`, `/tool NAME {…}`, `/error`, `/stall`, `/empty`. A prompt that ends with an unfinished
 * answer of its own is answered with the rest of it. `maxOutputTokens` ends an answer with `length`, but not one whose
 * length was asked for by `/long`.
 *
 * @example
 * const relay = createRelay({ model: createDemoModel({ tokensPerSecond: 40 }), store, secret, logger: console });
 */
export function createDemoModel({ tokensPerSecond }: DemoModelOptions): LanguageModelV4 {
  if (!(tokensPerSecond > 0)) throw new RangeError('tokensPerSecond must be more than 0');

  return {
    specificationVersion: 'v4',
    provider: 'resumable-chat',
    modelId: 'demo',
    supportedUrls: {},

    async doStream(options) {
      return { stream: toStream(answer(options, tokensPerSecond)) };
    },

    async doGenerate(options) {
      let text = '';
      for await (const part of answer(options, tokensPerSecond)) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'text-delta') text += part.delta;
        if (part.type === 'finish') {
          const { finishReason, usage } = part;
          return { content: [{ type: 'text', text }], finishReason, usage, warnings: [] };
        }
      }
      throw new Error('The demo model ended without a finish');
    },
  };
}

async function* answer(
  { prompt, tools = [], maxOutputTokens = Infinity, abortSignal }: LanguageModelV4CallOptions,
  tokensPerSecond: number,
): AsyncGenerator<LanguageModelV4StreamPart> {
  const toolNames = tools.map(({ name }) => name);
  const conversation = readConversation(prompt, toolNames);
  const script = writeScript(conversation);
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'response-metadata', modelId: 'demo' };
  const { reason, tokens } = yield* playScript(script, {
    tokensPerSecond,
    maxTokens: script.unbounded ? Infinity : maxOutputTokens,
    said: unfinishedAnswer(prompt),
    signal: abortSignal ?? new AbortController().signal,
    callPrefix: `call-${conversation.prompts.length}`,
  });
  const usage = toUsage(countTokens(allText(prompt)), script, tokens);
  yield { type: 'finish', finishReason: { unified: reason, raw: reason }, usage };
}

/** A stream that is read at its reader's pace, and that ends the generator when the reader cancels. */
function toStream(parts: AsyncGenerator<LanguageModelV4StreamPart>): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function toUsage(input: number, { scenes }: Script, output: number): LanguageModelV4Usage {
  const hasReasoning = scenes.some(({ kind }) => kind === 'reasoning');
  return {
    inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: output, text: hasReasoning ? undefined : output, reasoning: undefined },
  };
}
