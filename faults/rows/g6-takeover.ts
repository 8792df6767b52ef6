import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask } from '../harness/ask.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';
import { drainRelays } from './g6/drain-relays.ts';
import { killRelays } from './g6/kill-relays.ts';

const AT_ONCE = 8;
const LEASE_MS = 10_000;
const LIMIT_MS = 15_000;
/** A reply that outlasts the kill. */
const REPLY = { tokens: 60, tokensPerSecond: 200, allowed: 30 };

export const takeover: FaultRow = {
  name: 'G6',
  promise: 'takeover within 15 s with the default lease of 10 s, p99 below 12 s',
  fault:
    'kill -9 in the middle of many replies, of one relay that is started again on its file, or of two relays of three; a round is a kill',
  rounds: { full: 200, quick: 1 },
  async run(context) {
    await (context.store.relays === 1 ? startAgain(context) : killRelays(context));
  },
};

export const handOver: FaultRow = {
  name: 'G6-drain',
  promise: "a drained relay's replies continue in another within a second, and no attempt is counted",
  fault: 'SIGTERM of one relay of three in the middle of replies that outlast its time to stop; a round is a drain',
  only: ['redis', 'sentinel', 'cluster', 'upstash'],
  rounds: { full: 50, quick: 1 },
  run: drainRelays,
};

async function startAgain(context: RowContext): Promise<void> {
  const stage = await context.openStage({ settings: { LEASE_MS: String(LEASE_MS) } });
  try {
    for (let round = 0; round < context.rounds; round += 1) await killAndStart(context, stage, round);
  } finally {
    await stage.close();
  }
}

async function killAndStart(
  { random, count, time, within, violate }: RowContext,
  stage: FaultStage,
  round: number,
): Promise<void> {
  const { direct, relay, model } = stage;
  let begun = 0;
  let killedAt = 0;
  const killing = until('all replies have begun', () => begun === AT_ONCE)
    .then(() => sleep(random.between(0, 200)))
    .then(async () => {
      killedAt = performance.now();
      await relay.kill();
      await relay.start();
      count('kills');
    });
  const talking = inParallel(AT_ONCE, AT_ONCE, async (index) => {
    const credentials = await direct.mint();
    const viewer = watchSession({ origin: relay.origin, credentials });
    const turn = await ask({ model, client: direct }, credentials, `Takeover ${round}.${index}`, REPLY);
    await until('the reply has begun', () => viewer.received.length > 3);
    begun += 1;
    const restart = await until(
      'the run was taken over',
      () => viewer.received.find(({ frame }) => frame.message['status'] === 'restarted'),
      {
        timeoutMs: 30_000,
      },
    );
    model.allow(turn.prompt, Number.POSITIVE_INFINITY);
    const ms = restart.seenAt - killedAt;
    time('from the kill to the first new entry seen', ms);
    if (ms > within(LIMIT_MS)) violate(`a takeover took ${ms.toFixed(0)} ms`);
    await until('the reply has ended', () => viewer.hasEnded(turn.accepted));
    await viewer.leave();
    const { body: state } = await direct.state(credentials);
    const { violations, completed } = checkSession({ viewers: [viewer], turns: [turn], state, model });
    violate(...violations);
    if (completed !== 1) violate(`${turn.prompt} was not answered`);
    count('replies taken over');
  });
  await Promise.all([killing, talking]);
}
