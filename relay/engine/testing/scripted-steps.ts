import type { RunInput, StepContext } from '../workflow.ts';

/** Opens the reply's only text. */
export async function begin(step: StepContext, runId: string): Promise<void> {
  await step.emit({ type: 'chunk', runId, chunk: { type: 'start-step' } });
  await step.emit({ type: 'chunk', runId, chunk: { type: 'text-start', id: '1' } });
}

/** Emits a piece of that text. */
export async function say(step: StepContext, runId: string, text: string): Promise<void> {
  await step.emit({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

/** Ends the run as completed. */
export function complete(step: StepContext, { runId }: RunInput, attempt: number): void {
  step.endRun([{ type: 'metadata', status: 'completed', runId, messageId: runId, attempt }]);
}
