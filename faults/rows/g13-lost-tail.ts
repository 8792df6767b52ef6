import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep } from '#testkit/wait.ts';
import { gatherCrowd } from '../harness/crowd.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import type { StoreName } from '../harness/store-under-test.ts';
import { openClusterPlace } from '../stores/cluster.ts';
import type { FailoverPlace } from '../stores/failover-place.ts';
import { openReplicatedPlace } from '../stores/replicated.ts';
import { openSentinelPlace } from '../stores/sentinel.ts';

const SESSIONS = { full: 12, quick: 6 };
/** Ms by which a clock is wrong at most. Two relays may be twice as far apart, which a lease of 2 s bears. */
const CLOCK_MS = 500;
const LOST_MS = { min: 20, max: 450 };

export const lostTail: FaultRow = {
  name: 'G13',
  promise: 'a failover that loses the end of the log shows no viewer two histories',
  fault:
    'a replica that lacks the last 20 to 450 ms of writes is promoted, by hand, by a Sentinel or in a Cluster, while clocks are set back and forth; a round is a failover',
  only: ['redis', 'sentinel', 'cluster'],
  rounds: { full: 100, quick: 3 },
  async run(context) {
    const place = await PLACES[context.store.name]?.();
    if (!place) throw new Error(`no server of ${context.store.name} can take the place of another`);
    await loseTails(context, place);
  },
};

const PLACES: Readonly<Partial<Record<StoreName, () => Promise<FailoverPlace>>>> = {
  redis: openReplicatedPlace,
  sentinel: openSentinelPlace,
  cluster: openClusterPlace,
};

async function loseTails(context: RowContext, place: FailoverPlace): Promise<void> {
  const { rounds, random, quick, count } = context;
  const stage = await context.openStage({
    place,
    relays: 3,
    clockMs: CLOCK_MS,
    settings: { LEASE_MS: '2000', LOG_LEVEL: 'error' },
  });
  const dice = random.fork();
  const balancer = await openTcpProxy(() => dice.pick(stage.relays).port);
  try {
    const crowd = gatherCrowd(stage, {
      sessions: quick ? SESSIONS.quick : SESSIONS.full,
      client: createProtocolClient(balancer.origin),
      at: () => balancer.origin,
      reply: { tokens: { min: 3, max: 200 }, tokensPerSecond: 100 },
      stops: 0.1,
      lossy: true,
      random: random.fork(),
    });
    await crowd.begun();
    for (let round = 0; round < rounds; round += 1) {
      await sleep(random.between(500, 2_000));
      await place.failOver(random.between(LOST_MS.min, LOST_MS.max));
      count('failovers');
    }
    await crowd.end();
    await crowd.judge(context);
  } finally {
    await stage.close();
    await balancer.close();
  }
}
