import { createProtocolClient } from '../../e2e/support/protocol-client.ts';
import { openTcpProxy } from '../../e2e/support/tcp-proxy.ts';
import { sleep } from '../../e2e/support/wait.ts';
import { gatherCrowd } from '../harness/crowd.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import { openClusterPlace } from '../stores/cluster.ts';
import type { FailoverPlace } from '../stores/failover-place.ts';
import { openReplicatedPlace } from '../stores/replicated.ts';
import { openSentinelPlace } from '../stores/sentinel.ts';

const SESSIONS = { full: 12, quick: 6 };
/** Of a full run, by how many promotions there are by hand. */
const ELECTED_SHARE = 0.1;
const LOST_MS = { min: 20, max: 450 };

export const lostTail: FaultRow = {
  name: 'G13',
  promise: 'a failover that lost its tail shows no viewer two histories',
  fault: 'a replica promoted that has not got what was written for up to 450 ms; in a full run by a Sentinel and in a Cluster too; a round is a promotion',
  only: ['redis'],
  rounds: { full: 100, quick: 3 },
  async run(context) {
    await loseTails(context, openReplicatedPlace, context.rounds, 'replicas promoted');
    if (context.quick) return;
    const elected = Math.ceil(context.rounds * ELECTED_SHARE);
    await loseTails(context, openSentinelPlace, elected, 'failovers by a Sentinel');
    await loseTails(context, openClusterPlace, elected, 'failovers in a Cluster');
  },
};

async function loseTails(context: RowContext, openPlace: () => Promise<FailoverPlace>, failovers: number, what: string): Promise<void> {
  const { random, quick, count } = context;
  const place = await openPlace();
  const stage = await context.openStage({ place, relays: 3, settings: { LOG_LEVEL: 'error' } });
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
    for (let round = 0; round < failovers; round += 1) {
      await sleep(random.between(500, 2_000));
      await place.failOver(random.between(LOST_MS.min, LOST_MS.max));
      count(what);
    }
    await crowd.end();
    await crowd.judge(context);
  } finally {
    await stage.close();
    await balancer.close();
  }
}
