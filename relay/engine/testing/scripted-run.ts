import { onTestFinished } from 'vitest';
import { createStage, type Stage, type StageOptions } from '../../generation/testing/stage.ts';
import type { HeadAnswer, SessionStore } from '../../store/session-store.ts';
import { workflow, type RunInput, type StepContext, type WorkflowContext } from '../workflow.ts';

/** A workflow as a test writes it. */
export type Body = (context: WorkflowContext, input: RunInput) => Promise<void>;

/** A stage whose runs are such a workflow. A rejection that nobody handles makes the whole run of the tests fail. */
export function stageWith(body: Body, options: Omit<StageOptions, 'workflow'> = {}): Stage {
  const stage = createStage({ ...options, workflow: () => workflow('test', body) });
  onTestFinished(() => stage[Symbol.asyncDispose]());
  return stage;
}

/** Opens the reply's only text. */
export async function begin(step: StepContext, runId: string): Promise<void> {
  await step.emit({ type: 'chunk', runId, chunk: { type: 'start-step' } });
  await step.emit({ type: 'chunk', runId, chunk: { type: 'text-start', id: '1' } });
}

export async function say(step: StepContext, runId: string, text: string): Promise<void> {
  await step.emit({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

export function complete(step: StepContext, { runId }: RunInput, attempt: number): void {
  step.endRun([{ type: 'metadata', status: 'completed', runId, messageId: runId, attempt }]);
}

/** A workflow that does nothing but end its run. */
export const endAtOnce: Body = async (context, input) => {
  await context.run('end', (step) => complete(step, input, context.attempt));
};

/** The statuses that the log tells, in order. */
export async function statusesOf(stage: Stage): Promise<string[]> {
  return (await stage.messages()).flatMap((message) => (message.type === 'metadata' ? [message.status] : []));
}

export async function submitPrompt(store: SessionStore, sessionId: string): Promise<void> {
  const entries = [JSON.stringify({ type: 'message', message: { id: 'm', role: 'user', parts: [] }, runId: 'r' })];
  await store.submit(sessionId, { messageId: 'm', hash: 'h', runId: 'r', entries });
}

export function isIdle(head: HeadAnswer): boolean {
  return head.kind === 'open' && head.run === null;
}
