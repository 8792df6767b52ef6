import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask } from '../../harness/ask.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import type { FaultStage } from '../../harness/fault-stage.ts';
import { stopRelay } from '../../harness/stop-relay.ts';

const SESSIONS = 12;
const HANDED_OVER_WITHIN_MS = 1_000;
/** Longer than a draining relay waits for its runs to end. */
const REPLY = { tokens: 400, tokensPerSecond: 40 };
/** A relay waits 0.7 of it for runs to end and 0.15 for the hand-over, which has to suffice on a busy machine. */
const DRAIN_MS = 8_000;
/** Stages side by side. */
const LANES = 3;

/** SIGTERM in the middle of replies: the visitor sees a pause of less than a second, and no attempt is counted. */
export async function drainRelays(context: RowContext): Promise<void> {
  const drains = context.rounds;
  const lanes = Math.min(drains, context.quick ? 1 : LANES);
  await inParallel(lanes, lanes, async (lane) => {
    const stage = await context.openStage({ relays: 3, settings: { LEASE_MS: '10000', DRAIN_MS: String(DRAIN_MS) } });
    try {
      for (let drain = lane; drain < drains; drain += lanes) await drainOnce(context, stage, drain);
    } finally {
      await stage.close();
    }
  });
  if (context.counted('replies handed over') === 0) context.violate('nothing was handed over');
}

async function drainOnce(context: RowContext, stage: FaultStage, round: number): Promise<void> {
  const { random, count, time, within, violate } = context;
  const { relays, model } = stage;
  const drained = random.pick(relays);
  const other = relays.find((relay) => relay !== drained) ?? stage.relay;
  const direct = stage.clientOf(other);
  let begun = 0;
  let signalledAt = Number.POSITIVE_INFINITY;
  const draining = until('all replies have begun', () => begun === SESSIONS).then(async () => {
    await sleep(random.between(0, 300));
    signalledAt = performance.now();
    const wrong = await stopRelay(drained);
    if (wrong !== null) violate(wrong);
    count('drains');
    await drained.start();
  });
  const talking = inParallel(SESSIONS, SESSIONS, async (session) => {
    const credentials = await direct.mint();
    const viewer = watchSession({ origin: other.origin, credentials });
    const client = stage.clientOf(session % 2 === 0 ? drained : other);
    const turn = await ask({ model, client }, credentials, `Drain ${round}.${session}`, REPLY);
    await until('the reply has begun', () => viewer.received.length > 3);
    begun += 1;
    await until('the reply has ended', () => viewer.hasEnded(turn.accepted), { timeoutMs: 30_000 });
    await viewer.leave();
    const restart = viewer.received.findIndex(({ frame }) => frame.message['status'] === 'restarted');
    const { frame, seenAt } = viewer.received[restart] ?? { frame: null, seenAt: 0 };
    // Before the signal it was a lease that ran out, since the machine was slow.
    if (restart > 0 && seenAt < signalledAt) count('replies that had been taken over before');
    else if (restart > 0) {
      const ms = seenAt - (viewer.received[restart - 1]?.seenAt ?? 0);
      time('from the last word of a drained relay to the first of another', ms);
      if (ms > within(HANDED_OVER_WITHIN_MS)) violate(`a hand-over took ${ms.toFixed(0)} ms`);
      if (frame?.message['attempt'] !== 1)
        violate(`a hand-over counts as attempt ${String(frame?.message['attempt'])}`);
      count('replies handed over');
    }
    const { body: state } = await direct.state(credentials);
    const { violations, completed } = checkSession({ viewers: [viewer], turns: [turn], state, model });
    violate(...violations);
    if (completed !== 1) violate(`${turn.prompt} was not answered`);
  });
  await Promise.all([draining, talking]);
}
