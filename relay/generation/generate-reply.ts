import type { FinishReason, LanguageModel, ToolSet } from 'ai';
import type { ChatChunk, Usage } from '#shared/protocol.ts';
import { openTextId } from '../engine/plan-takeover.ts';
import { workflow, type RunInput, type StepContext, type Workflow, type WorkflowContext } from '../engine/workflow.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Logger } from '../util/logger.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import { answerCalls } from './answer-calls.ts';
import { DEFAULT_HISTORY, toModelInput, type HistoryBounds } from './model-input.ts';
import { runModelTurn } from './model-turn.ts';
import { createReplyRun, type ReplyRun } from './reply-run.ts';
import { withoutExecute } from './tool-calls.ts';
import type { ModelTurn } from './turn-recorder.ts';
import { addUsage } from './usage.ts';
import type { ModelTimeouts } from './watchdog.ts';

/** How replies are generated. */
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
  /** The longest output of one turn, in tokens. */
  maxOutputTokens: number;
  timeouts: ModelTimeouts;
  /** The turns of the model in one reply: after the last one its tool calls are not run. 8 by default. */
  maxTurns?: number;
  /** How much of the conversation the model is sent. 50 messages and 64 KiB by default. */
  history?: Partial<HistoryBounds>;
  logger: Logger;
}

/**
 * Turns of the model in one reply when nothing else is said: enough for a few tools one after the other, and an end to
 * a model that calls them for ever.
 */
export const DEFAULT_MAX_TURNS = 8;

type Settings = GenerateReplyOptions & Required<Pick<GenerateReplyOptions, 'tools'>> & { history: HistoryBounds };

/**
 * Creates the workflow that answers a prompt. Its steps are `mark-stream-start` (the `start` chunk); for each turn of
 * the model `generate-llm-response` (`:2`, `:3` … after the first) and `tool:<id>` for each tool that it called;
 * `mark-stream-end` (`finish` and the terminal message). The input of each turn is made from the log, so it is the same
 * in whichever process the turn runs.
 *
 * @example
 * const generateReply = createGenerateReply({
 *   store,
 *   model,
 *   logger,
 *   maxOutputTokens: 4096,
 *   timeouts: { firstChunkMs: 60_000, chunkMs: 30_000, totalMs: 600_000 },
 * });
 */
export function createGenerateReply(options: GenerateReplyOptions): Workflow {
  const { model, tools = {}, maxTurns = DEFAULT_MAX_TURNS } = options;
  const history = { ...DEFAULT_HISTORY, ...withoutUndefined(options.history ?? {}) };
  const settings: Settings = { ...options, tools, history };

  async function reply(context: WorkflowContext, input: RunInput): Promise<void> {
    using run = createReplyRun(context, input, options);
    await context.run('mark-stream-start', (step) => {
      step.emitWithResult([run.toMessage({ type: 'start', messageId: input.runId })]);
    });

    let usage: Usage = {};
    let finishReason: FinishReason = 'other';
    for (let turn = 1; turn <= maxTurns; turn += 1) {
      const name = turn === 1 ? 'generate-llm-response' : `generate-llm-response:${turn}`;
      const said = await context.run(name, (step) => runTurn(run, step, turn, settings));
      usage = addUsage(usage, said.usage);
      finishReason = said.finishReason;
      const goesOn = turn < maxTurns && (await answerCalls(run, said, turn, settings));
      if (!goesOn) break;
    }

    await context.run('mark-stream-end', (step) => endReply(run, step, input.runId, finishReason, usage));
  }
  return workflow('generate-reply', reply, { model: typeof model === 'string' ? model : model.modelId });
}

async function runTurn(run: ReplyRun, step: StepContext, turn: number, settings: Settings): Promise<ModelTurn> {
  const { context } = run;
  const { state } = await run.readSession();
  const continues = context.continues && turn === context.turns + 1 ? openTextId(state) : null;
  const said = await run.guard(async () => {
    const { model, tools, systemPrompt: instructions, maxOutputTokens, timeouts, history } = settings;
    const messages = await toModelInput(state.messages, tools, history);
    await step.confirmLease();
    return await runModelTurn({
      model,
      messages,
      instructions,
      tools: withoutExecute(tools),
      maxOutputTokens,
      timeouts,
      continues,
      signal: run.withTotalTimeout(step.signal),
      emit: (chunk: ChatChunk) => step.emit(run.toMessage(chunk)),
    });
  });
  step.emitWithResult([run.toMessage({ type: 'finish-step' })], { turns: turn });
  return said;
}

function endReply(run: ReplyRun, step: StepContext, runId: string, finishReason: FinishReason, usage: Usage): void {
  const { attempt } = run.context;
  step.endRun([
    run.toMessage({ type: 'finish', finishReason }),
    {
      type: 'metadata',
      status: 'completed',
      runId,
      messageId: runId,
      attempt,
      finishReason,
      usage: { ...usage },
      at: Date.now(),
    },
  ]);
}
