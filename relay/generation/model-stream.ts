import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import {
  experimental_streamLanguageModelCall as streamLanguageModelCall,
  wrapLanguageModel,
  type Experimental_LanguageModelStreamPart as ModelPart,
  type LanguageModel,
} from 'ai';

export type { ModelPart };

/** What a model says in one call, part by part. */
export interface ModelStream {
  /** The next part; null at the end. One at a time. Rejects when the model's stream breaks off. */
  next(): Promise<ModelPart | null>;
  /** Lets go of the stream: a `next` that waits resolves with null. Idempotent. */
  cancel(): void;
}

type ModelCall = Parameters<typeof streamLanguageModelCall>[0];

/**
 * One call of a model, by the part of the AI SDK's `streamText` that makes a single call. The rest of that is for what
 * the relay does itself, durably (several turns, tools, retries), and sends each token through a dozen streams more.
 *
 * Of what the model says, text and reasoning, which is nearly all of it, needs nothing of the SDK but other names for
 * two fields: it is taken before the SDK and does not pass its stream. The rest (tool calls to check, files to fetch,
 * the end) goes through, one part at a time, each followed by a mark: what comes out before the mark was made of that
 * part, so that everything keeps the order in which the model said it. Measured with 500 replies, this halves what a
 * token costs the relay; `streamText` would cost ten times as much.
 *
 * @throws whatever the model's provider throws when it refuses the call.
 */
export async function openModelStream(call: ModelCall): Promise<ModelStream> {
  /** What the model says; null while it was not asked, and for a model of which only the name is known here. */
  let source: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | null = null;
  let toSdk: ReadableStreamDefaultController<LanguageModelV4StreamPart> | null = null;
  let cancelled = false;

  const { stream } = await streamLanguageModelCall({
    ...call,
    model: besideSdk(call.model, (said) => {
      source = said.getReader();
      return new ReadableStream({
        start(controller) {
          toSdk = controller;
        },
      });
    }),
  });
  const sdk = stream.getReader();
  /** The SDK has something that it was given, or is to say itself how the stream ends. */
  let atSdk = source === null;

  return {
    async next() {
      while (!cancelled) {
        if (atSdk || source === null || toSdk === null) {
          const { done, value } = await sdk.read();
          if (done) return null;
          if (!isMark(value)) return value;
          atSdk = false;
          continue;
        }
        const { done, value } = await source.read();
        if (cancelled) return null;
        if (done) {
          toSdk.close();
          atSdk = true;
          continue;
        }
        const part = passBeside(value);
        if (part) return part;
        toSdk.enqueue(value);
        toSdk.enqueue({ type: 'raw', rawValue: MARK });
        atSdk = true;
      }
      return null;
    },

    cancel() {
      if (cancelled) return;
      cancelled = true;
      // They have failed, or fail by this: nobody waits for how they end any more.
      source?.cancel().catch(() => {});
      sdk.cancel().catch(() => {});
    },
  };
}

/** The model, with what it says handed to `take`; the SDK reads what that returns. */
function besideSdk(
  model: LanguageModel,
  take: (said: ReadableStream<LanguageModelV4StreamPart>) => ReadableStream<LanguageModelV4StreamPart>,
): LanguageModel {
  if (typeof model === 'string') return model;
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: 'v4',
      async wrapStream({ doStream }) {
        const { stream, ...rest } = await doStream();
        return { ...rest, stream: take(stream) };
      },
    },
  });
}

/** A raw part passes the SDK's stream as it is. */
const MARK = Symbol('the SDK has said all about the part before');

function isMark(part: ModelPart): boolean {
  return part.type === 'raw' && part.rawValue === MARK;
}

/** The part as the SDK would say it; null if that is the SDK's to say. */
function passBeside(part: LanguageModelV4StreamPart): ModelPart | null {
  switch (part.type) {
    case 'text-delta':
    case 'reasoning-delta': {
      const { type, id, delta, providerMetadata } = part;
      return providerMetadata === undefined ? { type, id, text: delta } : { type, id, text: delta, providerMetadata };
    }
    case 'text-start':
    case 'text-end':
    case 'reasoning-start':
    case 'reasoning-end':
      return part;
    default:
      return null;
  }
}
