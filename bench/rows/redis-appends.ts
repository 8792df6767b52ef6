import { benchmarkXadd } from '../baselines/redis-benchmark.ts';
import type { AppendLoad } from '../harness/append-load.ts';
import type { Bench } from '../harness/bench.ts';
import { atLeast, createFigure, type Figure } from '../harness/figure.ts';
import { redisCpu } from '../harness/redis-info.ts';
import { interleave } from '../harness/statistics.ts';
import { plainToken } from '../harness/token-wheel.ts';
import { deltaData, SAMPLE_RUN_ID } from '../harness/wire.ts';
import type { RedisAppender } from '../servers/redis-appender.ts';

const SESSIONS = 500;

interface Reading {
  perSecond: number;
  /** CPU of redis-server per entry, in microseconds. */
  redisCpu: number;
  /** CPU of the relay's process per entry, in microseconds. */
  ownCpu: number;
}

/** Appends of many sessions at a time to the Redis store, against redis-benchmark. */
export const redisAppends: Bench = {
  name: 'redis-appends',
  run: async ({ quick, start, redis, progress }) => {
    const { admin, port, url } = await redis();
    const store = await start<RedisAppender>('servers/redis-appender.ts');
    const rounds = quick ? 1 : 5;

    const measure = async (entries: number, work: () => Promise<Omit<Reading, 'redisCpu'>>): Promise<Reading> => {
      const before = await redisCpu(admin);
      const reading = await work();
      const reached = await redisCpu(admin);
      await admin.flushall();
      return { ...reading, redisCpu: (reached - before) / entries };
    };
    const figures: Figure[] = [];
    for (const batch of [1, 8, 32]) {
      progress(`batches of ${batch}`);
      const load: AppendLoad = {
        sessions: SESSIONS,
        entries: batch,
        groups: Math.ceil((quick ? 20 : 120) / Math.sqrt(batch)),
      };
      const entries = load.groups * load.sessions * batch;
      const measured = await interleave(rounds, {
        xadd: () =>
          measure(entries, async () => {
            const payload = deltaData(SAMPLE_RUN_ID, plainToken(1));
            return { perSecond: await benchmarkXadd({ port, entries, streams: SESSIONS, payload }), ownCpu: 0 };
          }),
        store: async () => {
          await store.call('open', { url, sessions: SESSIONS });
          return measure(entries, async () => {
            const { perSecond, cpuMicroseconds } = await store.call('run', load);
            return { perSecond, ownCpu: cpuMicroseconds };
          });
        },
      });
      const of = (readings: readonly Reading[], key: keyof Reading): number[] =>
        readings.map((reading) => reading[key]);
      const own = of(measured.store, 'ownCpu').toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
      figures.push(
        createFigure({
          what: `appended entries/s, batches of ${batch}, ${SESSIONS} sessions, against XADD -P 64`,
          unit: '/s',
          ours: of(measured.store, 'perSecond'),
          baseline: of(measured.xadd, 'perSecond'),
          as: 'ours/baseline',
          note: `the relay's process spends ${own.toFixed(1)} µs CPU on each entry`,
          ...(batch === 1 ? {} : { goal: atLeast(0.5) }),
        }),
        createFigure({
          what: `CPU of redis-server per entry, batches of ${batch}`,
          unit: 'µs',
          ours: of(measured.store, 'redisCpu'),
          baseline: of(measured.xadd, 'redisCpu'),
          as: 'ours/baseline',
        }),
      );
    }
    return figures;
  },
};
