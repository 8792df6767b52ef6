import type { LanguageModel, ToolSet } from 'ai';
import { createProblem } from '#shared/problem.ts';
import type { ChatChunk, ChatMessage, Usage } from '#shared/protocol.ts';
import { isToolPart, type ToolPart } from '#shared/fold/reply.ts';
import type { Logger } from '../util/logger.ts';
import type { LogMessage } from '../store/entries/encode-message.ts';
import { readSession, type OpenSession } from '../store/read-session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { askStore } from '../store/ask-store.ts';
import { FatalError, RetryableError } from '../engine/errors.ts';
import { openTextId } from '../engine/plan-takeover.ts';
import { orAborted } from '../util/time.ts';
import { workflow, type StepContext, type Workflow, type WorkflowContext } from '../engine/workflow.ts';
import { describeModelError } from './model-errors.ts';
import { beforeCurrentTurn, toModelInput } from './model-input.ts';
import { ModelTurnError, runModelTurn, type ModelTurn } from './model-turn.ts';
import { executableTool, runToolCall, withoutExecute } from './tool-calls.ts';
import { ModelTimeoutError, type ModelTimeouts } from './watchdog.ts';

export interface GenerateReplyOptions {
  store: SessionStore;
  model: LanguageModel;
  /**
   * Tools that the model may call. One with `execute` is run by the relay; what its error says is shown to the
   * visitor and sent to the model, so it should hold nothing secret. A tool that was running when its relay died runs
   * again; one that has answered never does. One without `execute`, or with `needsApproval`, ends the reply.
   */
  tools?: ToolSet;
  systemPrompt?: string;
  maxOutputTokens: number;
  timeouts: ModelTimeouts;
  /** Turns of the model in one reply; 8 when not given. After the last its tool calls are not run any more. */
  maxTurns?: number;
  logger: Logger;
}

const READ_MS = 10_000;
const FIRST_RETRY_MS = 1000;

/**
 * The workflow that answers a prompt. Its steps: `mark-stream-start` (the `start` chunk); for each turn of the model
 * `generate-llm-response` (`:2`, `:3` … after the first), and `tool:<id>` for each tool it called; `mark-stream-end`
 * (`finish`, and the terminal message). Each turn's input is made from the log, so that it is the same whoever
 * runs it.
 */
export function createGenerateReply(options: GenerateReplyOptions): Workflow {
  const { store, model, tools = {}, systemPrompt, maxOutputTokens, timeouts, maxTurns = 8, logger } = options;
  const declaredTools = withoutExecute(tools);

  return workflow('generate-reply', async (context, { sessionId, runId }) => {
    const logFields = { session: sessionId.slice(0, 8), run: runId.slice(0, 8), attempt: context.attempt };
    const toMessage = (chunk: ChatChunk): LogMessage => ({ type: 'chunk', runId, chunk });
    const total = new AbortController();
    const totalTimer = setTimeout(
      () => total.abort(new ModelTimeoutError('total', timeouts.totalMs)),
      timeouts.totalMs,
    );
    try {
      await context.run('mark-stream-start', (step) => {
        step.emitWithResult([toMessage({ type: 'start', messageId: runId })]);
      });

      let usage: Usage = {};
      let finishReason = 'other';
      for (let turn = 1; turn <= maxTurns; turn += 1) {
        const name = turn === 1 ? 'generate-llm-response' : `generate-llm-response:${turn}`;
        const said = await context.run(name, (step) => runTurn(step, turn));
        usage = addUsage(usage, said.usage);
        finishReason = said.finishReason;
        const goesOn = turn < maxTurns && (await answerCalls(said, turn));
        if (!goesOn) break;
      }

      await context.run('mark-stream-end', (step) => {
        step.endRun([
          toMessage({ type: 'finish', finishReason: finishReason as 'stop' }),
          {
            type: 'metadata',
            status: 'completed',
            runId,
            messageId: runId,
            attempt: context.attempt,
            finishReason,
            usage: { ...usage },
            at: Date.now(),
          },
        ]);
      });
    } finally {
      clearTimeout(totalTimer);
    }

    async function runTurn(step: StepContext, turn: number): Promise<ModelTurn> {
      const { state } = await read(context);
      const signal = AbortSignal.any([step.signal, total.signal]);
      const said = await failing(() =>
        runTurnOf(
          step,
          signal,
          state.messages,
          context.continues && turn === context.turns + 1 ? openTextId(state) : null,
        ),
      );
      step.emitWithResult([toMessage({ type: 'finish-step' })], { turns: turn });
      return said;
    }

    async function runTurnOf(
      step: StepContext,
      signal: AbortSignal,
      messages: readonly ChatMessage[],
      continues: string | null,
    ): Promise<ModelTurn> {
      const input = await toModelInput(messages, tools);
      await step.confirmLease();
      return await runModelTurn({
        model,
        messages: input,
        instructions: systemPrompt,
        tools: declaredTools,
        maxOutputTokens,
        timeouts,
        continues,
        signal,
        emit: (chunk) => step.emit(toMessage(chunk)),
      });
    }

    /** Runs the tools that were called; true when the model should be told what they have answered. */
    async function answerCalls({ calls, refusedCalls }: ModelTurn, turn: number): Promise<boolean> {
      const runnable = calls.flatMap((call) => {
        const tool = executableTool(tools, call.toolName);
        return tool ? [{ ...call, tool }] : [];
      });
      if (runnable.length > 0) {
        // Read once, and only if a call has not been answered yet.
        let session: Promise<OpenSession> | null = null;
        const answers = await Promise.allSettled(
          runnable.map(({ toolCallId, tool }) =>
            context.run(
              // Some servers number the calls of each turn anew.
              turn === 1 ? `tool:${toolCallId}` : `tool:${toolCallId}:${turn}`,
              async (step) => {
                session ??= read(context);
                const { state } = await session;
                const part = findCall(state.messages, toolCallId);
                const signal = AbortSignal.any([step.signal, total.signal]);
                const messages = await toModelInput(beforeCurrentTurn(state.messages), tools);
                const emit = (chunk: ChatChunk) => step.emit(toMessage(chunk));
                await step.confirmLease();
                const chunk = await failing(() =>
                  orAborted(runToolCall(tool, part, { messages, signal, emit }), signal),
                );
                step.emitWithResult([toMessage(chunk)]);
              },
              { mayFinish: true },
            ),
          ),
        );
        for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
      }
      return (calls.length > 0 || refusedCalls) && runnable.length === calls.length;
    }

    /** Turns what goes wrong with a model into what the run makes of it. */
    async function failing<T>(work: () => Promise<T>): Promise<T> {
      try {
        return await work();
      } catch (error) {
        const cause = error instanceof ModelTurnError ? error.cause : error;
        if (total.signal.aborted && !context.signal.aborted) throw fail(total.signal.reason, true);
        if (error instanceof ModelTurnError) throw fail(cause, error.hasOutput);
        throw error;
      }
    }

    function fail(cause: unknown, hasOutput: boolean): FatalError | RetryableError {
      if (cause instanceof FatalError) return cause;
      const { problem, transient, retryAfterMs, sentence, fields } = describeModelError(cause, hasOutput);
      const again = transient && !hasOutput && !context.lastAttempt;
      const log = again ? logger.warn : logger.error;
      log.call(logger, { ...logFields, ...fields }, again ? `${sentence} It is asked again.` : sentence);
      if (!again) return new FatalError(problem);
      return new RetryableError(problem, { retryAfterMs: retryAfterMs ?? FIRST_RETRY_MS * 2 ** (context.attempt - 1) });
    }

    async function read({ signal }: WorkflowContext): Promise<OpenSession> {
      const session = await askStore(() => readSession(store, sessionId), { signal, giveUpMs: READ_MS });
      if (session.kind !== 'open' || session.run?.runId !== runId) throw new FatalError(createProblem('stream-lost'));
      return session;
    }
  });
}

function findCall(messages: readonly ChatMessage[], toolCallId: string): ToolPart {
  const part = messages.at(-1)?.parts.findLast((part) => isToolPart(part) && part.toolCallId === toolCallId);
  if (!part || !isToolPart(part)) throw new FatalError(createProblem('stream-lost'));
  return part;
}

function addUsage(a: Usage, b: Usage): Usage {
  const add = (x: number | undefined, y: number | undefined) =>
    x === undefined && y === undefined ? undefined : (x ?? 0) + (y ?? 0);
  return {
    inputTokens: add(a.inputTokens, b.inputTokens),
    outputTokens: add(a.outputTokens, b.outputTokens),
    totalTokens: add(a.totalTokens, b.totalTokens),
  };
}
