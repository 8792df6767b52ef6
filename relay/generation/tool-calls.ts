import type { ModelMessage, Tool, ToolExecutionOptions, ToolSet } from 'ai';
import type { ChatChunk } from '#shared/protocol.ts';
import type { ToolPart } from '#shared/fold/reply.ts';

/** The longest text of a tool's error, in UTF-16 code units: it is shown to the visitor and sent to the model. */
const MAX_ERROR_LENGTH = 1000;

/** A tool that the relay can run. */
export type ExecutableTool = Tool & Required<Pick<Tool, 'execute'>>;

/** The tools as the model is told of them: without `execute`, because the relay runs each call as a step of its own. */
export function withoutExecute(tools: ToolSet): ToolSet {
  return Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => {
      const { execute: _, ...declared } = tool;
      return [name, declared];
    }),
  );
}

/** The tool of this name if the relay may run it; null for one without `execute`, and for one that needs an approval. */
export function executableTool(tools: ToolSet, name: string): ExecutableTool | null {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  return tool?.execute && !tool.needsApproval ? (tool as ExecutableTool) : null;
}

/** What a tool is run with. */
export interface ToolCallOptions {
  /** The conversation that the tool is given. */
  messages: ModelMessage[];
  signal: AbortSignal;
  /** Writes a preliminary answer. Its failure is the run's and not the tool's. */
  emit: (chunk: ChatChunk) => Promise<void>;
}

/**
 * Runs a tool and resolves with its answer as a chunk. A tool that throws has answered too: with its error, for the
 * model to read. The values that a tool yields before its last one are emitted as preliminary answers.
 *
 * @throws the signal's reason when that aborts; what `emit` throws.
 */
export async function runToolCall(
  tool: ExecutableTool,
  part: ToolPart,
  { messages, signal, emit }: ToolCallOptions,
): Promise<ChatChunk> {
  const { toolCallId } = part;
  const dynamic = part.type === 'dynamic-tool' ? { dynamic: true } : {};
  const toChunk = (output: unknown): ChatChunk => ({
    type: 'tool-output-available',
    toolCallId,
    output: toJson(output),
    ...dynamic,
  });
  let writeFailed = false;
  const write = async (chunk: ChatChunk): Promise<void> => {
    try {
      await emit(chunk);
    } catch (error) {
      writeFailed = true;
      throw error;
    }
  };
  try {
    const execution: ToolExecutionOptions<never> = {
      toolCallId,
      messages,
      abortSignal: signal,
      context: undefined as never,
    };
    const answer: unknown = await tool.execute(part.input, execution);
    if (!isAsyncIterable(answer)) return toChunk(answer);
    let last: unknown;
    for await (const output of answer) {
      last = output;
      await write({ ...toChunk(output), preliminary: true } as ChatChunk);
    }
    return toChunk(last);
  } catch (error) {
    signal.throwIfAborted();
    if (writeFailed) throw error;
    const message = error instanceof Error && error.message !== '' ? error.message : 'The tool failed.';
    return { type: 'tool-output-error', toolCallId, errorText: message.slice(0, MAX_ERROR_LENGTH), ...dynamic };
  }
}

/** The output as it is read from the log. @throws TypeError when it has no JSON. */
function toJson(output: unknown): unknown {
  return JSON.parse(JSON.stringify(output) ?? 'null');
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
