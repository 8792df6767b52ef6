import {
  experimental_streamLanguageModelCall as streamLanguageModelCall,
  wrapLanguageModel,
  type Experimental_LanguageModelStreamPart as ModelPart,
  type LanguageModel,
} from 'ai';
import { createDeltaShortcut, type DeltaShortcut } from './delta-shortcut.ts';

export type { ModelPart };

/** The parts of one model call, read one at a time. */
export interface ModelStream {
  /** Resolves with the next part, or null at the end. Rejects when the provider's stream breaks. One read at a time. */
  next(): Promise<ModelPart | null>;
  /** Releases the provider's stream; a pending `next` resolves with null. Idempotent. */
  cancel(): void;
}

type ModelCall = Parameters<typeof streamLanguageModelCall>[0];

/**
 * Starts one model call through `streamLanguageModelCall`, the part of the AI SDK's `streamText` that makes a single
 * call (decision 8). Turns, tools and retries are the relay's own, because they are journaled.
 *
 * Deltas take a shortcut past the SDK's streams (decision 28); a model that is given by its name alone, which the SDK
 * looks up, has none. Either way the parts and their order are the SDK's.
 *
 * @throws what the provider throws when it refuses the call.
 */
export async function openModelStream(call: ModelCall): Promise<ModelStream> {
  const shortcut = createDeltaShortcut();
  const { stream } = await streamLanguageModelCall({ ...call, model: withShortcut(call.model, shortcut) });
  const sdk = stream.getReader();
  let cancelled = false;

  return {
    async next() {
      while (!cancelled) {
        if (shortcut.isOpen) {
          const delta = await shortcut.nextDelta();
          if (cancelled) break;
          if (delta !== null) return delta;
        }
        const { done, value } = await sdk.read();
        if (done || cancelled) break;
        shortcut.openAfter(value);
        return value;
      }
      return null;
    },

    cancel() {
      if (cancelled) return;
      cancelled = true;
      // How the streams of a cancelled call end is of no consequence.
      shortcut.cancel().catch(() => {});
      sdk.cancel().catch(() => {});
    },
  };
}

function withShortcut(model: LanguageModel, shortcut: DeltaShortcut): LanguageModel {
  if (typeof model === 'string') return model;
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: 'v4',
      async wrapStream({ doStream }) {
        const { stream, ...rest } = await doStream();
        return { ...rest, stream: shortcut.tap(stream) };
      },
    },
  });
}
