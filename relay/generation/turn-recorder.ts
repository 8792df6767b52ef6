import type { FinishReason, ToolSet } from 'ai';
import type { ChatChunk, Usage } from '#shared/protocol.ts';
import { isTooDeep } from '#shared/fold/bound-depth.ts';
import { continueText } from './continue-text.ts';
import type { ModelPart } from './model-stream.ts';
import { createPartOrderCheck } from './part-order.ts';
import { isOutput, toChunk } from './to-chunk.ts';
import { createBoundsCheck } from './turn-bounds.ts';
import { CutTurnError, EmptyTurnError } from './turn-errors.ts';

/** What a model turn came to. JSON, because it is journaled. */
export interface ModelTurn {
  finishReason: FinishReason;
  /** Tokens of this turn; a field is missing when the provider does not count it. */
  usage: Usage;
  /** Tool calls that the relay has to answer. */
  calls: ToolCallName[];
  /** True when a call was refused because it does not fit its tool; the model has been told so. */
  refusedCalls: boolean;
}

/** Names one tool call. */
export interface ToolCallName {
  toolCallId: string;
  toolName: string;
}

/** The settings of a recorder. */
export interface TurnRecorderOptions {
  tools: ToolSet;
  /** The id of the open text part that this turn continues; null for a turn of its own. */
  continues: string | null;
  /** Writes a chunk to the log; resolves when there is room for more. */
  emit: (chunk: ChatChunk) => Promise<void>;
}

/** Turns the parts of a model turn into chunks of the log, and keeps what the turn came to. */
export interface TurnRecorder {
  /** True once the visitor has got something of the turn. */
  readonly hasOutput: boolean;
  /**
   * Records the next part. Resolves when there is room for more; null stands for a promise that has resolved, and saves
   * one per token.
   *
   * @throws CutTurnError when the part fits nothing before it; AnswerBoundError when it is beyond a bound; the error of
   *   an error part.
   */
  take(part: ModelPart): Promise<void> | null;
  /**
   * Ends the turn after its last part.
   *
   * @throws CutTurnError when the stream did not say how it ended; EmptyTurnError when it said nothing else.
   */
  end(): Promise<ModelTurn>;
}

/** @see TurnRecorder */
export function createTurnRecorder({ tools, continues, emit }: TurnRecorderOptions): TurnRecorder {
  const checkBounds = createBoundsCheck();
  const checkOrder = createPartOrderCheck();
  const rename = continues === null ? null : continueText(continues);
  const calls = new Map<string, ToolCallName>();
  const refused = new Set<string>();
  let finish: Extract<ModelPart, { type: 'model-call-end' }> | null = null;
  let hasOutput = false;
  /** Chunks before the first output. A turn that fails without output leaves no trace, and can be retried unseen. */
  let held: ChatChunk[] | null = continues === null ? [{ type: 'start-step' }] : [];

  async function emitAll(chunks: readonly ChatChunk[]): Promise<void> {
    for (const chunk of chunks) await emit(chunk);
  }

  function emitPart(part: ModelPart): Promise<void> | null {
    const chunk = toChunk(part, tools);
    if (held === null && rename === null) return chunk && emit(chunk);
    const chunks = chunk === null ? [] : rename === null ? [chunk] : rename(chunk);
    if (held === null) return emitAll(chunks);
    held.push(...chunks);
    if (!hasOutput) return null;
    const first = held;
    held = null;
    return emitAll(first);
  }

  function noteCall(call: Extract<ModelPart, { type: 'tool-call' }>) {
    const { toolCallId, toolName, invalid, providerExecuted } = call;
    // `boundChunk` writes one with such an input as refused.
    if (invalid || isTooDeep(call.input)) refused.add(toolCallId);
    else if (!providerExecuted) calls.set(toolCallId, { toolCallId, toolName });
  }

  return {
    get hasOutput() {
      return hasOutput;
    },

    take(part) {
      hasOutput ||= isOutput(part);
      if (part.type === 'error') throw part.error;
      checkBounds(part);
      checkOrder(part);
      if (part.type === 'model-call-end') finish = part;
      if (part.type === 'tool-call') noteCall(part);
      // The SDK reports a refused call twice; the call itself says it already.
      if (part.type === 'tool-error' && refused.has(part.toolCallId)) return null;
      return emitPart(part);
    },

    async end() {
      if (!finish || finish.finishReason === 'error' || finish.finishReason === 'interrupted') {
        throw new CutTurnError('The stream of the model ended without a finish');
      }
      if (!hasOutput && continues === null) throw new EmptyTurnError(finish.finishReason);
      // A continued text that the model has not ended, or not even begun, ends with the turn.
      const last = rename?.({ type: 'finish-step' }) ?? [];
      await emitAll(last.filter(({ type }) => type === 'text-end'));
      const { inputTokens, outputTokens, totalTokens } = finish.usage;
      return {
        finishReason: finish.finishReason,
        usage: { inputTokens, outputTokens, totalTokens },
        calls: [...calls.values()],
        refusedCalls: refused.size > 0,
      };
    },
  };
}
