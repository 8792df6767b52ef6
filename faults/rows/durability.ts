import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import type { Random } from '#testkit/random.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep, until } from '#testkit/wait.ts';
import { gatherCrowd } from '../harness/crowd.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import type { SharedPlace } from '../harness/store-under-test.ts';
import { AOF_ALWAYS, openRedisPlace } from '../stores/redis.ts';

const SESSIONS = { full: 12, quick: 6 };
const LEASE_MS = 2_000;
/**
 * While a sync to the disk is under way Redis does not write to its file either, for up to two seconds; and what a client
 * calls the moment of an answer is a little later than the server's.
 */
const EVERYSEC_MS = 2_500;
const PAUSE_MS = 2_500;

/** What a setting of Redis promises, as docs/durability.md has it. */
interface DurabilityClass {
  readonly name: string;
  readonly settings: readonly string[];
  readonly promise: string;
  /** Between two kills, at most: longer than what may be lost, or nothing that is lost would be too much. */
  readonly pauseMs: number;
  /** From when on what was acknowledged may be gone after this kill. */
  lostFrom(kill: Kill): number;
  /** Now and then, before a kill. */
  readonly save?: (place: SharedPlace) => Promise<void>;
}

/** Moments are `performance.now()`. */
interface Kill {
  at: number;
  /** When the last snapshot was asked for that was whole by then. */
  savedAt: number;
}

const CLASSES: readonly DurabilityClass[] = [
  {
    name: 'AOF-always',
    settings: AOF_ALWAYS,
    promise: 'Redis with `appendfsync always` loses nothing that was acknowledged',
    pauseMs: PAUSE_MS,
    lostFrom: ({ at }) => at,
  },
  {
    name: 'AOF-everysec',
    settings: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
    promise:
      'Redis with `appendfsync everysec` loses nothing that is older than two seconds; what it lost is taken back from every viewer, and never mixed with what comes',
    pauseMs: 2 * EVERYSEC_MS,
    lostFrom: ({ at }) => at - EVERYSEC_MS,
  },
  {
    name: 'RDB',
    settings: ['--appendonly', 'no'],
    promise:
      'Redis with snapshots alone loses nothing that was acknowledged before the last one; what it lost is taken back from every viewer, and never mixed with what comes',
    pauseMs: PAUSE_MS,
    lostFrom: ({ savedAt }) => savedAt,
    async save({ server }) {
      await server.admin.bgsave();
      await until('the snapshot is whole', async () =>
        (await server.admin.info('persistence')).includes('rdb_bgsave_in_progress:0'),
      );
    },
  },
  {
    name: 'AOF-off',
    settings: ['--appendonly', 'no'],
    promise:
      'Redis that keeps nothing: everything is lost, which every viewer is told, and nothing of it is mixed with what comes',
    pauseMs: PAUSE_MS,
    lostFrom: () => Number.NEGATIVE_INFINITY,
  },
];

/** A row for each: visitors ask on and read on while the server is killed again and again. */
export const durability: readonly FaultRow[] = CLASSES.map((kind) => ({
  name: kind.name,
  promise: kind.promise,
  fault: 'redis-server killed (SIGKILL) under load and started again on the files that are left; a round is a kill',
  only: ['redis'],
  rounds: { full: 40, quick: 3 },
  run: (context) => killServer(context, kind),
}));

async function killServer(context: RowContext, kind: DurabilityClass): Promise<void> {
  const { rounds, random, quick, count, violate } = context;
  const place = await openRedisPlace(context.mutation.redisSettings ?? kind.settings);
  const stage = await context.openStage({
    place,
    relays: 3,
    settings: { LEASE_MS: String(LEASE_MS), LOG_LEVEL: 'error' },
  });
  const dice: Random = random.fork();
  const balancer = await openTcpProxy(() => dice.pick(stage.relays).port);
  const kills: Kill[] = [];
  let savedAt = Number.NEGATIVE_INFINITY;
  try {
    const crowd = gatherCrowd(stage, {
      sessions: quick ? SESSIONS.quick : SESSIONS.full,
      client: createProtocolClient(balancer.origin),
      at: () => balancer.origin,
      reply: { tokens: { min: 3, max: 150 }, tokensPerSecond: 100 },
      random: random.fork(),
      lossy: true,
      mayLose: (from, to) => kills.some((kill) => from < kill.at && to > kind.lostFrom(kill)),
    });
    await crowd.begun();
    for (let round = 0; round < rounds; round += 1) {
      await sleep(random.between(500, kind.pauseMs));
      if (kind.save && random.chance(0.7)) {
        const askedAt = performance.now();
        // A server that keeps nothing does not keep this either.
        if (!context.mutation.redisSettings) await kind.save(place);
        savedAt = askedAt;
        await sleep(random.between(0, 2_000));
      }
      kills.push({ at: performance.now(), savedAt });
      await place.server.kill();
      await sleep(random.between(0, 1_000));
      await place.server.restart();
      count('kills of redis-server');
    }
    await crowd.end();
    const { completed } = await crowd.judge(context);
    // How many are interrupted too often is a matter of how often the server is killed.
    if (completed === 0) violate('nothing was answered');
    if (kind.name === 'AOF-off' && context.counted('acknowledged prompts lost with what the store lost') === 0)
      violate('nothing was lost: the row has not killed what it should');
  } finally {
    await stage.close();
    await balancer.close();
  }
}
