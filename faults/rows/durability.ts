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
 * Ms of acknowledged writes that `everysec` may lose: Redis delays writes to its file for up to 2 s while a sync is
 * running, and a client sees an answer a little later than the server gives it.
 */
const EVERYSEC_MS = 2_500;
const PAUSE_MS = 2_500;

/** A setting of Redis, and what it promises: docs/durability.md. */
interface DurabilityClass {
  readonly name: string;
  readonly settings: readonly string[];
  readonly promise: string;
  /** The longest time between two kills: longer than what may be lost, or no loss would be a violation. */
  readonly pauseMs: number;
  /** The time from which on acknowledged writes may be lost by this kill. */
  lostFrom(kill: Kill): number;
  /** Saves a snapshot, before some of the kills. */
  readonly save?: (place: SharedPlace) => Promise<void>;
}

/** Times are those of `performance.now()`. */
interface Kill {
  at: number;
  /** When the latest complete snapshot was begun. */
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
      'Redis with `appendfsync everysec` loses nothing that is older than two seconds; what it lost is withdrawn from every viewer and never mixed with what follows',
    pauseMs: 2 * EVERYSEC_MS,
    lostFrom: ({ at }) => at - EVERYSEC_MS,
  },
  {
    name: 'RDB',
    settings: ['--appendonly', 'no'],
    promise:
      'Redis with snapshots alone loses nothing that was acknowledged before the last one; what it lost is withdrawn from every viewer and never mixed with what follows',
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
      'Redis without persistence loses everything; every viewer is told, and nothing of it is mixed with what follows',
    pauseMs: PAUSE_MS,
    lostFrom: () => Number.NEGATIVE_INFINITY,
  },
];

/** A row for each setting: visitors ask and read while the server is killed again and again. */
export const durability: readonly FaultRow[] = CLASSES.map((kind) => ({
  name: kind.name,
  promise: kind.promise,
  fault: 'redis-server killed (SIGKILL) under load and started again on the files it left; a round is a kill',
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
        // The control's server keeps nothing, a snapshot neither.
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
    // How many runs fail depends on how often the server is killed.
    if (completed === 0) violate('nothing was answered');
    if (kind.name === 'AOF-off' && context.counted('acknowledged prompts lost with what the store lost') === 0)
      violate('nothing was lost, so that the row has tested nothing');
  } finally {
    await stage.close();
    await balancer.close();
  }
}
