import { randomUUID } from 'node:crypto';
import type { ReplyPlan } from '#testkit/model/model-server.ts';
import type { Accepted, Credentials } from '#testkit/client/protocol-client.ts';
import { RefusedError } from '#testkit/client/viewer.ts';
import { sleep } from '#testkit/wait.ts';
import type { FaultStage } from './fault-stage.ts';

/** An accepted prompt. */
export interface Turn {
  messageId: string;
  prompt: string;
  runId: string;
  accepted: Accepted;
}

/** The relay refused a prompt. */
export class NotTakenError extends Error {
  override name = 'NotTakenError';
  readonly status: number;

  constructor(status: number, body: unknown) {
    super(`the prompt was answered ${status}: ${JSON.stringify(body)}`);
    this.status = status;
  }
}

/** Whether a prompt or a stream was refused with 410: the store has lost the conversation. */
export function isGone(error: unknown): boolean {
  return (error instanceof RefusedError || error instanceof NotTakenError) && error.status === 410;
}

/** Ignores that a conversation is gone, and throws on every other error. */
export function passGone(error: unknown): void {
  if (!isGone(error)) throw error;
}

/**
 * Sends a prompt until the relay accepts it; the model answers it by this plan.
 *
 * @param waitMs how long to wait for another run of the conversation, which is active again where a store lost its end
 * @throws NotTakenError when the relay refuses it
 */
export async function ask(
  { model, client }: Pick<FaultStage, 'model' | 'client'>,
  credentials: Credentials,
  prompt: string,
  plan: Partial<ReplyPlan>,
  waitMs = 0,
): Promise<Turn> {
  const messageId = randomUUID();
  model.plan(prompt, plan);
  const deadline = performance.now() + waitMs;
  let { status, body } = await client.post(credentials, { prompt, messageId });
  while (status === 409 && performance.now() < deadline) {
    await sleep(200);
    ({ status, body } = await client.post(credentials, { prompt, messageId }));
  }
  if (status !== 202 && status !== 200) throw new NotTakenError(status, body);
  return { messageId, prompt, runId: body.runId, accepted: body };
}
