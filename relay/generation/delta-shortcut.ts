import type { LanguageModelV4StreamPart as ProviderPart } from '@ai-sdk/provider';
import type { Experimental_LanguageModelStreamPart as ModelPart } from 'ai';

/**
 * A provider's stream that the AI SDK and the relay read in turns: the relay its deltas, the SDK everything else. See
 * decision 28 for why, and for what this relies on.
 */
export interface DeltaShortcut {
  /** Makes the stream that the SDK reads in place of the provider's. Called once, when the provider has answered. */
  tap(stream: ReadableStream<ProviderPart>): ReadableStream<ProviderPart>;
  /** True while it is the relay's turn. */
  readonly isOpen: boolean;
  /** Begins the relay's turn if `part`, which has come out of the SDK, starts a text or reasoning. */
  openAfter(part: ModelPart): void;
  /**
   * Reads the next delta in the form that the SDK gives it. Null when something else came: that is the SDK's, and so is
   * the turn. Rejects when the provider's stream breaks.
   */
  nextDelta(): Promise<ModelPart | null>;
  /** Releases the provider's stream. */
  cancel(): Promise<void>;
}

type ProviderRead = ReadableStreamReadResult<ProviderPart>;

/** @see DeltaShortcut */
export function createDeltaShortcut(): DeltaShortcut {
  let provider: ReadableStreamDefaultReader<ProviderPart> | null = null;
  /** What the SDK's next read waits for after a start: the read that ends the relay's turn. */
  let handedBack: Promise<ProviderRead> | null = null;
  let handBack: ((read: ProviderRead) => void) | null = null;
  let isOpen = false;

  return {
    tap(stream) {
      const reader = stream.getReader();
      provider = reader;
      return new ReadableStream({
        async pull(controller) {
          const read = handedBack ?? reader.read();
          handedBack = null;
          const { done, value } = await read;
          if (done) {
            controller.close();
            return;
          }
          if (isStart(value)) ({ promise: handedBack, resolve: handBack } = Promise.withResolvers<ProviderRead>());
          controller.enqueue(value);
        },
      });
    },

    get isOpen() {
      return isOpen;
    },

    openAfter(part) {
      isOpen = handBack !== null && isStart(part);
    },

    async nextDelta() {
      if (provider === null || handBack === null) throw new Error('it is not the turn of the relay');
      const read = await provider.read();
      if (!read.done && (read.value.type === 'text-delta' || read.value.type === 'reasoning-delta')) {
        const { type, id, delta, providerMetadata } = read.value;
        return providerMetadata === undefined ? { type, id, text: delta } : { type, id, text: delta, providerMetadata };
      }
      isOpen = false;
      handBack(read);
      handBack = null;
      return null;
    },

    async cancel() {
      await provider?.cancel();
    },
  };
}

function isStart({ type }: { type: string }): boolean {
  return type === 'text-start' || type === 'reasoning-start';
}
