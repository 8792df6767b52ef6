import type { ModelMessage, Tool, ToolExecutionOptions, ToolSet } from 'ai';
import type { ChatChunk } from '#shared/protocol.ts';
import type { ToolPart } from '#shared/fold/reply.ts';

/** What the visitor and the model are told of a tool's error, at most. */
const MAX_ERROR_LENGTH = 1000;

export type ExecutableTool = Tool & Required<Pick<Tool, 'execute'>>;

/** The tools as the model is told of them: the relay runs them itself, one step each. */
export function withoutExecute(tools: ToolSet): ToolSet {
  return Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => {
      const { execute: _, ...declared } = tool;
      return [name, declared];
    }),
  );
}

/** The tool if the relay may run it by itself: one that asks for approval first is never run. */
export function executableTool(tools: ToolSet, name: string): ExecutableTool | null {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  return tool?.execute && !tool.needsApproval ? (tool as ExecutableTool) : null;
}

/**
 * Runs a tool and says how it went as a chunk; a tool that throws is an answer too, for the model to read. Answers
 * that a tool gives on the way are emitted as preliminary ones.
 */
export async function runToolCall(
  tool: ExecutableTool,
  part: ToolPart,
  options: { messages: ModelMessage[]; signal: AbortSignal; emit: (chunk: ChatChunk) => Promise<void> },
): Promise<ChatChunk> {
  const { signal, emit } = options;
  const { toolCallId } = part;
  const dynamic = part.type === 'dynamic-tool' ? { dynamic: true } : {};
  const toChunk = (output: unknown): ChatChunk => ({
    type: 'tool-output-available',
    toolCallId,
    output: toJson(output),
    ...dynamic,
  });
  try {
    const execution: ToolExecutionOptions<never> = {
      toolCallId,
      messages: options.messages,
      abortSignal: signal,
      context: undefined as never,
    };
    const answer: unknown = await tool.execute(part.input, execution);
    if (!isAsyncIterable(answer)) return toChunk(answer);
    let last: unknown;
    for await (const output of answer) {
      last = output;
      await emit({ ...toChunk(output), preliminary: true } as ChatChunk);
    }
    return toChunk(last);
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error && error.message !== '' ? error.message : 'The tool failed.';
    return { type: 'tool-output-error', toolCallId, errorText: message.slice(0, MAX_ERROR_LENGTH), ...dynamic };
  }
}

/** As it will be read from the log. @throws TypeError when it cannot be written as JSON. */
function toJson(output: unknown): unknown {
  return JSON.parse(JSON.stringify(output) ?? 'null');
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
