import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask } from '../../harness/ask.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import type { FaultStage } from '../../harness/fault-stage.ts';

/** The default. */
const LEASE_MS = 10_000;
/** The longest takeover, and the 99th percentile. */
const LIMITS_MS = { max: 15_000, p99: 12_000 };
const SESSIONS = 12;
/** Stages side by side: a takeover mostly waits, for 10 s. */
const LANES = 4;
const REPLY = { tokens: 80, tokensPerSecond: 100, allowed: 20 };

/**
 * kill -9 of two relays of three at a time, in the middle of many replies. Their replies continue in the third, or in
 * one that was started again. Two kills per round.
 */
export async function killRelays(context: RowContext): Promise<void> {
  const takeovers: number[] = [];
  const rounds = Math.ceil(context.rounds / 2);
  const lanes = Math.min(rounds, context.quick ? 1 : LANES);
  await inParallel(lanes, lanes, async (lane) => {
    const stage = await context.openStage({ relays: 3, settings: { LEASE_MS: String(LEASE_MS) } });
    try {
      for (let round = lane; round < rounds; round += lanes) takeovers.push(...(await killOnce(context, stage, round)));
    } finally {
      await stage.close();
    }
  });
  const p99 = takeovers.toSorted((a, b) => a - b)[Math.floor(takeovers.length * 0.99)];
  if (p99 === undefined) context.violate('nothing was taken over');
  else if (p99 > context.within(LIMITS_MS.p99)) context.violate(`p99 of the takeovers is ${p99.toFixed(0)} ms`);
}

async function killOnce(context: RowContext, stage: FaultStage, round: number): Promise<number[]> {
  const { random, count, time, within, violate } = context;
  const { relays, model } = stage;
  const spared = random.pick(relays);
  const killed = relays.filter((relay) => relay !== spared);
  const direct = stage.clientOf(spared);
  const takeovers: number[] = [];
  let begun = 0;
  let killedAt = 0;
  let areDead = false;
  const killing = until('all replies have begun', () => begun === SESSIONS).then(async () => {
    // At any time between two renewals.
    await sleep(random.between(0, LEASE_MS / 3));
    killedAt = performance.now();
    await Promise.all(killed.map((relay) => relay.kill()));
    areDead = true;
    count('kills', killed.length);
    // Until then the third relay does all the work.
    await sleep(random.between(0, 3_000));
    await Promise.all(killed.map((relay) => relay.start()));
  });
  const talking = inParallel(SESSIONS, SESSIONS, async (session) => {
    const credentials = await direct.mint();
    const viewer = watchSession({ origin: spared.origin, credentials, silenceMs: 60_000 });
    // The relay that accepts a prompt mostly takes its run too.
    const client = stage.clientOf(relays[session % relays.length] ?? spared);
    const turn = await ask({ model, client }, credentials, `Takeover ${round}.${session}`, REPLY);
    await until('the reply has begun', () => viewer.received.length > 3);
    begun += 1;
    await until('the relays are dead', () => areDead);
    await sleep(100);
    const wasTheirs = model.callsFor(turn.prompt)[0]?.aborted ?? false;
    model.allow(turn.prompt, Number.POSITIVE_INFINITY);
    if (wasTheirs) {
      const restart = await until(
        'the run was taken over',
        () => viewer.received.find(({ frame }) => frame.message['status'] === 'restarted'),
        { timeoutMs: 30_000 },
      );
      const ms = restart.seenAt - killedAt;
      takeovers.push(ms);
      time('from the kill to the first new entry seen', ms);
      if (ms > within(LIMITS_MS.max)) violate(`a takeover took ${ms.toFixed(0)} ms`);
    }
    await until('the reply has ended', () => viewer.hasEnded(turn.accepted), { timeoutMs: 30_000 });
    await viewer.leave();
    const { body: state } = await direct.state(credentials);
    const { violations, completed } = checkSession({ viewers: [viewer], turns: [turn], state, model });
    violate(...violations);
    if (completed !== 1) violate(`${turn.prompt} was not answered`);
    count(wasTheirs ? 'replies taken over' : 'replies of the relay that was spared');
  });
  await Promise.all([killing, talking]);
  return takeovers;
}
