import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import type { Random } from '#testkit/random.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep } from '#testkit/wait.ts';
import { gatherCrowd } from '../harness/crowd.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import { openSharedPlace } from '../harness/store-under-test.ts';
import { lineTroubles, relayTroubles, storeTroubles, type Trouble } from './chaos/troubles.ts';

const SESSIONS = { full: 16, quick: 8 };
const LEASE_MS = 2_000;
/**
 * The share of runs that may fail, by one interruption after the other. Not checked in a small run, where few runs are
 * many per cent.
 */
const FAILED_SHARE = 0.03;

/**
 * All faults at once: three loops make trouble for the relays, for Redis and its connections, and for the visitors'
 * connections, while visitors ask, stop and read through a balancer that leads to any relay.
 */
export const chaos: FaultRow = {
  name: 'chaos',
  promise: 'no gap, no duplicate, no acknowledged prompt lost, one terminal message per run, whatever fails',
  fault:
    'relays killed, frozen and drained, Redis restarted (AOF always), stopped, paused and cut off, REST answered late, wrongly or not at all, visitors cut off; a round is a fault of a relay',
  only: ['redis', 'upstash'],
  rounds: { full: 100, quick: 4 },
  async run(context) {
    const place = await openSharedPlace(context.store);
    const stage = await context.openStage({
      place,
      relays: 3,
      settings: { LEASE_MS: String(LEASE_MS), DRAIN_MS: '1500' },
    });
    const { relays } = stage;
    const dice = context.random.fork();
    const balancer = await openTcpProxy(() => relays[dice.between(0, relays.length - 1)]?.port ?? stage.relay.port);
    const client = createProtocolClient(balancer.origin);
    try {
      const crowd = gatherCrowd(stage, {
        sessions: context.quick ? SESSIONS.quick : SESSIONS.full,
        client,
        at: () => balancer.origin,
        reply: { tokens: { min: 3, max: 250 }, tokensPerSecond: 100 },
        stops: 0.15,
        random: context.random.fork(),
      });
      await crowd.begun();
      await makeTrouble(context, [relayTroubles(relays, LEASE_MS), storeTroubles(place), lineTroubles(balancer)]);
      await crowd.end();
      const { prompts, failed } = await crowd.judge(context);
      if (!context.quick && failed > Math.max(1, prompts * FAILED_SHARE))
        context.violate(`${failed} of ${prompts} runs were interrupted too often`);
      context.count('requests asked again', client.retries);
    } finally {
      await stage.close();
      await balancer.close();
    }
  },
};

/** Makes trouble until the relays have had as many faults as there are rounds. */
async function makeTrouble(context: RowContext, kinds: readonly [Trouble, ...Trouble[]][]): Promise<void> {
  let left = context.rounds;
  const loops = kinds.map(async (troubles, kind) => {
    const random: Random = context.random.fork();
    while (left > 0) {
      await sleep(random.between(100, 2_500));
      const trouble = random.pick(troubles);
      await trouble.make(random);
      context.count(trouble.name);
      if (kind === 0) left -= 1;
    }
  });
  await Promise.all(loops);
}
