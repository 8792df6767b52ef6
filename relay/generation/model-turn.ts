import { toUIMessageChunk, type LanguageModel, type ModelMessage, type ToolSet } from 'ai';
import type { ChatChunk, Usage } from '#shared/protocol.ts';
import { orAborted } from '../util/time.ts';
import { openModelStream, type ModelPart as Part, type ModelStream } from './model-stream.ts';
import { createWatchdog, type ModelTimeouts } from './watchdog.ts';

export interface ModelTurnOptions {
  model: LanguageModel;
  messages: ModelMessage[];
  instructions: string | undefined;
  /** Without `execute`: they are run afterwards, each as a step of its own. */
  tools: ToolSet;
  maxOutputTokens: number;
  timeouts: ModelTimeouts;
  /** The id of the open text part that this turn goes on with; else null. */
  continues: string | null;
  signal: AbortSignal;
  emit: (chunk: ChatChunk) => Promise<void>;
}

export interface ModelTurn {
  finishReason: string;
  usage: Usage;
  /** Calls that the relay has to answer. */
  calls: ToolCallName[];
  /** The model called a tool in a way that was refused, and was told so. */
  refusedCalls: boolean;
}

export interface ToolCallName {
  toolCallId: string;
  toolName: string;
}

/** The turn failed; `cause` says why, `hasOutput` whether the visitor has got anything of it. */
export class ModelTurnError extends Error {
  override name = 'ModelTurnError';
  readonly hasOutput: boolean;

  constructor(cause: unknown, hasOutput: boolean) {
    super('the turn of the model failed', { cause });
    this.hasOutput = hasOutput;
  }
}

/** The turn ended in order, but there was nothing in it. */
export class EmptyTurnError extends Error {
  override name = 'EmptyTurnError';
  readonly finishReason: string;

  constructor(finishReason: string) {
    super(`the model said nothing: ${finishReason}`);
    this.finishReason = finishReason;
  }
}

/** The model's stream ended without saying how, or makes no sense. */
export class CutTurnError extends Error {
  override name = 'CutTurnError';
}

/**
 * One call of the model, its chunks emitted as they come, from `start-step` up to `finish-step`, which is left to the
 * caller.
 *
 * @throws ModelTurnError however the call fails: refused, an error in its stream, a stall, a stream that is cut, an
 *   empty answer.
 * @throws the signal's reason when that aborts.
 */
export async function runModelTurn(options: ModelTurnOptions): Promise<ModelTurn> {
  const { signal, emit, tools, timeouts, continues } = options;
  const abort = new AbortController();
  const watchdog = createWatchdog(timeouts, (error) => abort.abort(error));
  const both = AbortSignal.any([signal, abort.signal]);
  const rename = continues === null ? null : continueTextPart(continues);
  const calls = new Map<string, ToolCallName>();
  const refused = new Set<string>();
  let hasOutput = false;
  /** What came before the first output: a turn without a word leaves no trace, so that it can be tried again unseen. */
  let held: ChatChunk[] | null = continues === null ? [{ type: 'start-step' }] : [];
  let finish: Extract<Part, { type: 'model-call-end' }> | null = null;

  const emitAll = async (chunks: readonly ChatChunk[]): Promise<void> => {
    for (const each of chunks) await emit(each);
  };

  /** Null: nothing was emitted. */
  const emitPart = (part: Part): Promise<void> | null => {
    const chunk = toChunk(part, tools);
    // Nearly all of what a model says: one promise for it is enough.
    if (held === null && rename === null) return chunk && emit(chunk);
    const chunks = chunk === null ? [] : rename === null ? [chunk] : rename(chunk);
    if (held === null) return emitAll(chunks);
    held.push(...chunks);
    if (!hasOutput) return null;
    const first = held;
    held = null;
    return emitAll(first);
  };

  const call = openModelStream({
    model: options.model,
    messages: options.messages,
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    ...(Object.keys(tools).length === 0 ? {} : { tools }),
    maxOutputTokens: options.maxOutputTokens,
    abortSignal: both,
  });
  const parts = createPartOrder();
  let stream: ModelStream | null = null;
  try {
    watchdog.wait();
    stream = await orAborted(call, both);
    watchdog.heard(false);
    // Ends the read that waits, whatever the model makes of it; dearer for each token would be to race it.
    both.addEventListener('abort', () => stream?.cancel(), { once: true });
    for (;;) {
      watchdog.wait();
      const part = await stream.next();
      if (part === null) break;
      const output = isOutput(part);
      watchdog.heard(output);
      hasOutput ||= output;
      if (part.type === 'error') throw part.error;
      if (part.type === 'model-call-end') finish = part;
      parts.check(part);
      if (part.type === 'tool-call' && part.invalid) refused.add(part.toolCallId);
      else if (part.type === 'tool-call' && !part.providerExecuted) calls.set(part.toolCallId, toCallName(part));
      // The SDK reports a refused call twice: the call itself says it already.
      if (part.type === 'tool-error' && refused.has(part.toolCallId)) continue;
      const emitted = emitPart(part);
      if (emitted) await emitted;
    }
    both.throwIfAborted();
    if (!finish || finish.finishReason === 'error' || finish.finishReason === 'interrupted') {
      throw new CutTurnError('the stream of the model ended without saying how');
    }
    if (!hasOutput && continues === null) throw new EmptyTurnError(finish.finishReason);
    for (const chunk of rename?.({ type: 'finish-step' }) ?? []) if (chunk.type === 'text-end') await emit(chunk);
  } catch (error) {
    signal.throwIfAborted();
    throw new ModelTurnError(abort.signal.aborted ? abort.signal.reason : error, hasOutput);
  } finally {
    watchdog.stop();
    abort.abort();
    // What is left of the call fails with the abort; why the turn ended is known by then.
    call.then((opened) => opened.cancel()).catch(() => {});
  }

  const { inputTokens, outputTokens, totalTokens } = finish.usage;
  return {
    finishReason: finish.finishReason,
    usage: { inputTokens, outputTokens, totalTokens },
    calls: [...calls.values()],
    refusedCalls: refused.size > 0,
  };
}

function toCallName({ toolCallId, toolName }: ToolCallName): ToolCallName {
  return { toolCallId, toolName };
}

/** Does the visitor get anything of this? Opening and closing a part is nothing. */
function isOutput(part: Part): boolean {
  switch (part.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return part.text !== '';
    case 'tool-input-delta':
      return part.delta !== '';
    case 'tool-call':
    case 'tool-result':
    case 'tool-error':
    case 'file':
    case 'reasoning-file':
    case 'source':
    case 'custom':
      return true;
    default:
      return false;
  }
}

/** Refuses text that belongs to no open part, which no reader could place: the single call lets it pass. */
function createPartOrder(): { check(part: Part): void } {
  const texts = new Set<string>();
  const thoughts = new Set<string>();
  const mustBeOpen = (open: boolean): void => {
    if (!open) throw new CutTurnError('the model went on with a part that was not open');
  };
  return {
    check(part) {
      switch (part.type) {
        case 'text-start':
          texts.add(part.id);
          break;
        case 'text-delta':
          mustBeOpen(texts.has(part.id));
          break;
        case 'text-end':
          mustBeOpen(texts.delete(part.id));
          break;
        case 'reasoning-start':
          thoughts.add(part.id);
          break;
        case 'reasoning-delta':
          mustBeOpen(thoughts.has(part.id));
          break;
        case 'reasoning-end':
          mustBeOpen(thoughts.delete(part.id));
      }
    },
  };
}

function toChunk(part: Part, tools: ToolSet): ChatChunk | null {
  switch (part.type) {
    // Said by the terminal message, or by the caller.
    case 'model-call-start':
    case 'model-call-response-metadata':
    case 'model-call-end':
    case 'error':
    case 'raw':
      return null;
    case 'text-delta':
      if (part.providerMetadata !== undefined) break;
      // As the SDK says it, for nearly all that a model says.
      return part.text === '' ? null : { type: 'text-delta', id: part.id, delta: part.text };
  }
  const chunk = toUIMessageChunk(part, {
    tools,
    sendReasoning: true,
    sendSources: true,
    // What the model was told is what the conversation shows.
    redactToolErrors: false,
    onError: () => 'The tool call failed.',
  });
  return chunk ?? null;
}

/**
 * Lets the first text of a turn go on in a part that is open already: its start is not said again, its deltas bear
 * the open part's id. What comes before that text is reasoning about it, and is left out; if there is none, the part
 * is closed.
 */
function continueTextPart(openId: string): (chunk: ChatChunk) => ChatChunk[] {
  const close: ChatChunk = { type: 'text-end', id: openId };
  let state: 'waiting' | 'open' | 'closed' = 'waiting';
  let id = '';
  return (chunk) => {
    if (state === 'closed') return [chunk];
    if (state === 'waiting') {
      if (chunk.type.startsWith('reasoning-')) return [];
      if (chunk.type !== 'text-start') {
        state = 'closed';
        return [close, chunk];
      }
      state = 'open';
      id = chunk.id;
      return [];
    }
    if (chunk.type === 'text-delta' && chunk.id === id) return [{ ...chunk, id: openId }];
    if (chunk.type !== 'text-end' || chunk.id !== id) return [chunk];
    state = 'closed';
    return [{ ...chunk, id: openId }];
  };
}
