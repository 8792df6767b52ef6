import { onTestFinished } from 'vitest';
import { createStage, type Stage, type StageOptions } from '../../generation/testing/stage.ts';
import type { HeadAnswer, SessionStore } from '../../store/session-store.ts';
import { workflow, type RunInput, type WorkflowContext } from '../workflow.ts';
import { complete } from './scripted-steps.ts';

/** The body of a test's workflow. */
export type Body = (context: WorkflowContext, input: RunInput) => Promise<void>;

/** A stage that executes such a workflow, closed with the test. */
export function stageWith(body: Body, options: Omit<StageOptions, 'workflow'> = {}): Stage {
  const stage = createStage({ ...options, workflow: () => workflow('test', body) });
  onTestFinished(() => stage[Symbol.asyncDispose]());
  return stage;
}

/** A workflow that does nothing but end its run. */
export const endAtOnce: Body = async (context, input) => {
  await context.run('end', (step) => complete(step, input, context.attempt));
};

/** Statuses of the log, in order. */
export async function statusesOf(stage: Stage): Promise<string[]> {
  return (await stage.messages()).flatMap((message) => (message.type === 'metadata' ? [message.status] : []));
}

/** Submits a prompt to any session, as a relay does that dies before it dispatches the run. */
export async function submitPrompt(store: SessionStore, sessionId: string): Promise<void> {
  const entries = [JSON.stringify({ type: 'message', message: { id: 'm', role: 'user', parts: [] }, runId: 'r' })];
  await store.submit(sessionId, { messageId: 'm', hash: 'h', runId: 'r', entries });
}

/** True when the session has no active run. */
export function isIdle(head: HeadAnswer): boolean {
  return head.kind === 'open' && head.run === null;
}
