import { randomUUID } from 'node:crypto';
import type { ReplyPlan } from '#testkit/model/model-server.ts';
import type { Accepted, Credentials } from '#testkit/client/protocol-client.ts';
import { RefusedError } from '#testkit/client/viewer.ts';
import { sleep } from '#testkit/wait.ts';
import type { FaultStage } from './fault-stage.ts';

export interface Turn {
  messageId: string;
  prompt: string;
  runId: string;
  accepted: Accepted;
}

/** A prompt was not taken. */
export class NotTakenError extends Error {
  override name = 'NotTakenError';
  readonly status: number;

  constructor(status: number, body: unknown) {
    super(`the prompt was answered ${status}: ${JSON.stringify(body)}`);
    this.status = status;
  }
}

/** What whoever asks or watches is answered once the store knows nothing of a conversation that has been. */
export function isGone(error: unknown): boolean {
  return (error instanceof RefusedError || error instanceof NotTakenError) && error.status === 410;
}

/** For whoever lets a conversation go that may have gone before. */
export function passGone(error: unknown): void {
  if (!isGone(error)) throw error;
}

/**
 * Sends a prompt that will be answered so, until the relay has taken it. A run that the store has forgotten the end of is
 * waited for, when `waitMs` says how long.
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
