import type { Redis } from 'ioredis';
import { openRedisStore } from '#relay/store/redis/ioredis/open-redis-store.ts';
import type { Bench } from '../harness/bench.ts';
import { atMost, createFigure, type Figure } from '../harness/figure.ts';
import { seedReply } from '../harness/seed-run.ts';
import { plainToken } from '../harness/token-wheel.ts';
import { deltaData, SAMPLE_RUN_ID } from '../harness/wire.ts';

const DAY_MS = 86_400_000;
const SESSION = 'session-of-the-bench0';

const CASES = [
  { name: 'live, 1 token per batch', end: 'active', batch: 1, followed: false, goal: 0.25 },
  { name: 'live, 8 tokens per batch', end: 'active', batch: 8, followed: false, goal: 0.25 },
  {
    name: 'sealed, the newest, whose log is kept',
    end: 'sealed',
    batch: 1,
    followed: false,
    goal: 0.1,
  },
  { name: 'sealed, with a newer one after it', end: 'sealed', batch: 1, followed: true, goal: 0.1 },
] as const;

/** The memory of a reply in Redis, all keys of its session, against a stream with one JSON entry per token. */
export const redisMemory: Bench = {
  name: 'redis-memory',
  run: async ({ quick, redis, progress }) => {
    const { admin, url } = await redis();
    const tokens = quick ? 1000 : 5000;
    const figures: Figure[] = [];
    for (const { name, end, batch, followed, goal } of CASES) {
      progress(name);
      await admin.flushall();
      for (let index = 0; index < tokens; index += 1)
        await admin.xadd('baseline', '*', 'd', deltaData(SAMPLE_RUN_ID, plainToken(index)));
      const baseline = await memoryOf(admin, ['baseline']);
      const store = await openRedisStore({ url, ttlMs: DAY_MS });
      try {
        await seedReply(store, { sessionId: SESSION, tokens, end, batch });
        if (followed) await seedReply(store, { sessionId: SESSION, tokens: 1, end });
      } finally {
        await store.close();
      }
      const keys = (await admin.keys(`*:${SESSION}:*`)).concat(await admin.keys('*:due'));
      figures.push(
        createFigure({
          what: `bytes of a reply of ${tokens} tokens in Redis, ${name}`,
          unit: 'B',
          ours: [await memoryOf(admin, keys)],
          baseline: [baseline],
          as: 'ours/baseline',
          goal: atMost(goal),
        }),
      );
    }
    return figures;
  },
};

async function memoryOf(admin: Redis, keys: readonly string[]): Promise<number> {
  // SAMPLES 0 counts every node of a stream instead of an estimate.
  const sizes = await Promise.all(keys.map((key) => admin.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')));
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
}
