import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import { resumeOnce, watchSession } from '#testkit/client/viewer.ts';
import { comesTrue, sleep, until } from '#testkit/wait.ts';
import { isTerminal } from '#testkit/client/wire.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import { CALM, type FaultStage } from '../harness/fault-stage.ts';

const AT_ONCE = 16;
const ABORTED_WITHIN_MS = 1_000;

export const staysCancelled: FaultRow = {
  name: 'G7',
  promise: 'cancelled stays cancelled, and its model call is aborted within a second',
  fault: 'stops, two at a time in every third round, at any moment from before the model is asked until after the end',
  rounds: { full: 1_000, quick: 60 },
  async run(context) {
    const stage = await context.openStage({ relays: 3, settings: CALM });
    try {
      await inParallel(context.rounds, AT_ONCE, (round) => cancelOnce(context, stage, round));
    } finally {
      await stage.close();
    }
  },
};

async function cancelOnce(
  { random, count, time, within, violate }: RowContext,
  stage: FaultStage,
  round: number,
): Promise<void> {
  const { model } = stage;
  // The relay that runs it, that is asked to stop it and that is watched need not be the same.
  const relay = random.pick(stage.relays);
  const direct = stage.clientOf(random.pick(stage.relays));
  const credentials = await direct.mint();
  const viewer = watchSession({ origin: relay.origin, credentials });
  const [prompt, messageId] = [`Cancel ${round}`, randomUUID()];
  const calls = model.callsFor;
  model.plan(prompt, { tokens: random.between(1, 150), tokensPerSecond: 500 });
  const { body } = await stage.clientOf(random.pick(stage.relays)).post(credentials, { prompt, messageId });
  await sleep(random.between(0, 350));
  const stops = round % 3 === 0 ? 2 : 1;
  const answers = await Promise.all(Array.from({ length: stops }, () => direct.stop(credentials, body.runId)));
  const stoppedAt = performance.now();
  for (const { status } of answers) if (status !== 200) violate(`the stop answered ${status}`);
  const isStopped = answers.some(({ body: { cancelled, runId } }) => cancelled && runId === body.runId);
  await until('the run has ended', () => viewer.hasEnded(body));
  const openCalls = calls(prompt).filter(({ finished, aborted }) => !finished && !aborted);
  if (openCalls.length > 0) {
    await until('the model call ends', () => openCalls.every(({ finished, aborted }) => finished || aborted), {
      everyMs: 2,
    });
  }
  if (calls(prompt).some(({ aborted }) => aborted)) {
    const ms = performance.now() - stoppedAt;
    time('from the stop to the abort', ms);
    if (ms > within(ABORTED_WITHIN_MS)) violate(`the model call of ${prompt} was aborted after ${ms.toFixed(0)} ms`);
  }
  // A call that was on its way is aborted when it arrives.
  await sleep(60);
  const isOver = (): boolean => calls(prompt).every(({ finished, aborted }) => finished || aborted);
  const isHungUp = await comesTrue(isOver, { timeoutMs: within(ABORTED_WITHIN_MS), everyMs: 2 });
  if (!isHungUp) violate(`${prompt} still asks the model after its stop`);
  await viewer.leave();
  const { body: state } = await direct.state(credentials);
  const turns = [{ messageId, prompt, runId: body.runId }];
  const stopped = new Set([body.runId]);
  const confirmed = isStopped ? stopped : new Set<string>();
  const history = { viewers: [viewer], turns, stopped, confirmed, state, model };
  const { violations, completed, cancelled } = checkSession(history);
  violate(...violations);
  if (isStopped !== (cancelled === 1))
    violate(`${prompt}: the stop said ${String(isStopped)}, and ${completed} runs were completed`);
  const frames = await resumeOnce({ origin: relay.origin, credentials, after: body.cursor });
  const terminals = frames.filter(isTerminal).length;
  const isLast = frames.at(-1) !== undefined && isTerminal(frames.at(-1) ?? { id: '', message: { type: '' } });
  if (terminals !== 1 || !isLast) violate(`${terminals} terminal messages, ${isLast ? '' : 'not '}at the end`);
  count('stops sent', stops);
  count('runs cancelled', cancelled);
  count('runs that were quicker', completed);
}
