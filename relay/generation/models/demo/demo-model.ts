import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { sleep } from '../../../util/time.ts';
import { countTokens, createPace } from './pace.ts';
import { writeScript, type Conversation, type Scene, type Script } from './script.ts';

export interface DemoModelOptions {
  /** How quickly it speaks; more than 0. */
  tokensPerSecond: number;
}

/**
 * A model of our own, for trying the chat without a key: it answers in markdown that has to do with the prompt, at a
 * set pace, always the same for the same conversation, and keeps nothing between calls.
 *
 * It knows commands, above all for tests (`COMMANDS` in demo/script.ts, shown by `/help`): `/long N`, `/think`,
 * `/code`, `/table`, `/story`, `/markdown`, `/tool NAME {…}`, `/error`, `/stall`, `/empty`. A prompt that ends with an
 * unfinished answer of its own is answered with the rest of it. `maxOutputTokens` ends an answer with `length`, but
 * not one whose length was asked for by `/long`.
 */
export function createDemoModel({ tokensPerSecond }: DemoModelOptions): LanguageModelV4 {
  if (!(tokensPerSecond > 0)) throw new RangeError('tokensPerSecond must be more than 0');

  function stream(options: LanguageModelV4CallOptions): AsyncGenerator<LanguageModelV4StreamPart> {
    return speak(options, tokensPerSecond);
  }

  return {
    specificationVersion: 'v4',
    provider: 'resumable-chat',
    modelId: 'demo',
    supportedUrls: {},

    async doStream(options) {
      return { stream: toStream(stream(options)) };
    },

    async doGenerate(options) {
      let text = '';
      for await (const part of stream(options)) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'text-delta') text += part.delta;
        if (part.type === 'finish') {
          const { finishReason, usage } = part;
          return { content: [{ type: 'text', text }], finishReason, usage, warnings: [] };
        }
      }
      throw new Error('the demo model ended without a finish');
    },
  };
}

async function* speak(
  { prompt, tools = [], maxOutputTokens = Infinity, abortSignal }: LanguageModelV4CallOptions,
  tokensPerSecond: number,
): AsyncGenerator<LanguageModelV4StreamPart> {
  const signal = abortSignal ?? new AbortController().signal;
  const conversation = readConversation(
    prompt,
    tools.map(({ name }) => name),
  );
  const script: Script = writeScript(conversation);
  const limit = script.unbounded ? Infinity : maxOutputTokens;
  const pace = createPace(tokensPerSecond);
  let skip = unfinishedAnswer(prompt);
  let spoken = 0;
  let due = 0;
  let reason: LanguageModelV4FinishReason['unified'] = 'stop';

  yield { type: 'stream-start', warnings: [] };
  yield { type: 'response-metadata', modelId: 'demo' };

  for (const [index, scene] of script.scenes.entries()) {
    if (reason === 'length') break;
    const id = `${scene.kind}-${index}`;
    switch (scene.kind) {
      case 'text':
      case 'reasoning': {
        if (scene.kind === 'reasoning' && skip !== '') continue;
        yield { type: `${scene.kind}-start`, id };
        for (const token of scene.tokens) {
          if (skip !== '') {
            // Said before the connection broke, possibly with a token cut in two.
            const rest = skip.startsWith(token) ? '' : token.startsWith(skip) ? token.slice(skip.length) : token;
            skip = skip.startsWith(token) ? skip.slice(token.length) : '';
            if (rest !== '') yield { type: `${scene.kind}-delta`, id, delta: rest };
            continue;
          }
          if (spoken >= limit) {
            reason = 'length';
            break;
          }
          if (due === 0) due = await pace.due(signal);
          due -= 1;
          spoken += 1;
          yield { type: `${scene.kind}-delta`, id, delta: token };
        }
        yield { type: `${scene.kind}-end`, id };
        break;
      }
      case 'tool-call': {
        const toolCallId = `call-${conversation.prompts.length}-${index}`;
        yield { type: 'tool-input-start', id: toolCallId, toolName: scene.toolName };
        yield { type: 'tool-input-delta', id: toolCallId, delta: scene.input };
        yield { type: 'tool-input-end', id: toolCallId };
        yield { type: 'tool-call', toolCallId, toolName: scene.toolName, input: scene.input };
        reason = 'tool-calls';
        break;
      }
      case 'stall':
        return await untilAborted(signal);
      case 'error':
        yield { type: 'error', error: new Error('the demo model was asked to fail') };
        reason = 'error';
        break;
    }
  }
  yield {
    type: 'finish',
    finishReason: { unified: reason, raw: reason },
    usage: toUsage(prompt, script.scenes, spoken),
  };
}

/** A stream that is read as slowly as its reader likes, and that ends the generator when the reader leaves. */
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

async function untilAborted(signal: AbortSignal): Promise<never> {
  // Longer than anyone waits; a timer holds at most 2^31 - 1 ms.
  for (;;) await sleep(2 ** 31 - 1, signal);
}

function readConversation(prompt: LanguageModelV4Prompt, tools: string[]): Conversation {
  const prompts = prompt.flatMap((message) => (message.role === 'user' ? [textOf(message.content)] : []));
  const lastPrompt = prompt.findLastIndex(({ role }) => role === 'user');
  const toolResults = prompt
    .slice(lastPrompt + 1)
    .flatMap((message) =>
      message.role === 'tool'
        ? message.content.flatMap((part) => (part.type === 'tool-result' ? [toJson(part.output)] : []))
        : [],
    );
  return { prompts, toolResults, tools };
}

/** What the model had said when it was cut off, if it is asked to go on. */
function unfinishedAnswer(prompt: LanguageModelV4Prompt): string {
  const last = prompt.at(-1);
  return last?.role === 'assistant' ? textOf(last.content) : '';
}

function textOf(content: readonly { type: string; text?: string }[]): string {
  return content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('');
}

function toJson(output: { type: string; value?: unknown }): string {
  return JSON.stringify('value' in output ? output.value : null, null, 2) ?? 'null';
}

function toUsage(prompt: LanguageModelV4Prompt, scenes: readonly Scene[], spoken: number): LanguageModelV4Usage {
  const input = prompt.reduce(
    (sum, message) =>
      sum + countTokens(typeof message.content === 'string' ? message.content : textOf(message.content)),
    0,
  );
  const hasReasoning = scenes.some(({ kind }) => kind === 'reasoning');
  return {
    inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: spoken, text: hasReasoning ? undefined : spoken, reasoning: undefined },
  };
}
