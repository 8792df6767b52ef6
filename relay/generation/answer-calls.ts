import type { ToolSet } from 'ai';
import { createProblem } from '#shared/problem.ts';
import type { ChatChunk, ChatMessage } from '#shared/protocol.ts';
import { isToolPart, type ToolPart } from '#shared/fold/reply.ts';
import { FatalError } from '../engine/errors.ts';
import type { StepContext } from '../engine/workflow.ts';
import type { OpenSession } from '../store/read-session.ts';
import { orAborted } from '../util/or-aborted.ts';
import { beforeCurrentTurn, toModelInput, type HistoryBounds } from './model-input.ts';
import type { ReplyRun } from './reply-run.ts';
import { executableTool, runToolCall, type ExecutableTool } from './tool-calls.ts';
import type { ModelTurn } from './turn-recorder.ts';

/** The settings of tool execution. */
export interface AnswerCallsOptions {
  tools: ToolSet;
  history: HistoryBounds;
}

/**
 * Runs the tools that a turn has called, side by side, each as a step of its own.
 *
 * @returns whether the model is to be told the answers in another turn: not when one of its calls is left open, for the
 *   visitor or for a tool that the relay cannot run.
 */
export async function answerCalls(
  run: ReplyRun,
  { calls, refusedCalls }: ModelTurn,
  turn: number,
  { tools, history }: AnswerCallsOptions,
): Promise<boolean> {
  const runnable = calls.flatMap(({ toolCallId, toolName }) => {
    const tool = executableTool(tools, toolName);
    return tool ? [{ toolCallId, tool }] : [];
  });
  // Read once for all calls, and only when there is one without a journaled answer.
  let session: Promise<OpenSession> | null = null;
  const readOnce = () => (session ??= run.readSession());

  async function runCall(step: StepContext, toolCallId: string, tool: ExecutableTool): Promise<void> {
    const { messages } = (await readOnce()).state;
    const part = findCall(messages, toolCallId);
    const input = await toModelInput(beforeCurrentTurn(messages), tools, history);
    const signal = run.withTotalTimeout(step.signal);
    const emit = (chunk: ChatChunk) => step.emit(run.toMessage(chunk));
    await step.confirmLease();
    const chunk = await run.guard(() => orAborted(runToolCall(tool, part, { messages: input, signal, emit }), signal));
    step.emitWithResult([run.toMessage(chunk)]);
  }

  const answers = await Promise.allSettled(
    runnable.map(({ toolCallId, tool }) =>
      run.context.run(stepName(toolCallId, turn), (step) => runCall(step, toolCallId, tool), { mayFinish: true }),
    ),
  );
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  return (calls.length > 0 || refusedCalls) && runnable.length === calls.length;
}

/** With the turn, because some servers number the calls of each turn anew. */
function stepName(toolCallId: string, turn: number): string {
  return turn === 1 ? `tool:${toolCallId}` : `tool:${toolCallId}:${turn}`;
}

function findCall(messages: readonly ChatMessage[], toolCallId: string): ToolPart {
  const part = messages.at(-1)?.parts.findLast((part) => isToolPart(part) && part.toolCallId === toolCallId);
  if (!part || !isToolPart(part)) throw new FatalError(createProblem('stream-lost'));
  return part;
}
