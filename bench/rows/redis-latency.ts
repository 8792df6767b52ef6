import type { BareSse } from '../baselines/bare-sse.ts';
import type { ResumableStreamServer } from '../baselines/resumable-stream.ts';
import type { TutorialRedis } from '../baselines/tutorial-redis.ts';
import type { Bench } from '../harness/bench.ts';
import { atMost, createFigure, type Figure } from '../harness/figure.ts';
import { createRelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';
import { measureBare, measureRelay, type LiveReading } from './latency.ts';

interface Goals {
  p50?: number;
  p99?: number;
  cpuPerToken?: number;
}

/** As `latency`, with the replies in Redis, also against other designs that keep them there. */
export const redisLatency: Bench = {
  name: 'redis-latency',
  run: async ({ quick, start, redis, progress }) => {
    const windowMs = quick ? 1000 : 2500;
    const { url } = await redis();
    const args = [url];
    const [relay, bare, tutorial, resumable, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts', { args }),
      start<BareSse>('baselines/bare-sse.ts'),
      start<TutorialRedis>('baselines/tutorial-redis.ts', { args }),
      start<ResumableStreamServer>('baselines/resumable-stream.ts', { args }),
      start<Viewers>('load/viewers.ts'),
    ]);
    const client = createRelayClient(await relay.call('port'));
    const [barePort, tutorialPort, resumablePort] = await Promise.all([
      bare.call('port'),
      tutorial.call('port'),
      resumable.call('port'),
    ]);

    const figures: Figure[] = [];
    for (const runs of quick ? [1, 20] : [1, 100, 500]) {
      progress(`${runs} runs`);
      const common = { load, windowMs, runs };
      const measured = await interleave(
        quick || runs === 500 ? 1 : 3,
        {
          bare: () => measureBare({ ...common, bare, port: barePort, source: 'wheel' }),
          relay: () => measureRelay({ ...common, relay, client }),
          tutorial: () => measureBare({ ...common, bare: tutorial, port: tutorialPort, source: 'wheel' }),
          resumable: () => measureBare({ ...common, bare: resumable, port: resumablePort, source: 'wheel' }),
        },
        { warm: runs > 1 },
      );
      const name = runs === 1 ? '1 run' : `${runs} runs`;
      const add = (against: string, baseline: readonly LiveReading[], goals: Goals): void => {
        for (const key of ['p50', 'p99', 'cpuPerToken'] as const) {
          // With one run, most CPU is that of the timer that paces the model.
          if (key === 'cpuPerToken' && runs === 1) continue;
          figures.push(figure(`${NAMES[key]}, ${name}, against ${against}`, key, measured.relay, baseline, goals[key]));
        }
      };
      add('bare SSE', measured.bare, { p50: 2.5, p99: 10, cpuPerToken: 2 });
      add('the tutorial design', measured.tutorial, runs === 500 ? { p99: 0.2 } : {});
      add('resumable-stream', measured.resumable, {});
    }
    return figures;
  },
};

const NAMES = {
  p50: 'model to viewer, p50',
  p99: 'model to viewer, p99',
  cpuPerToken: 'server CPU per token',
} as const;

function figure(
  what: string,
  key: keyof Goals,
  ours: readonly LiveReading[],
  baseline: readonly LiveReading[],
  limit: number | undefined,
): Figure {
  const share = (of: readonly LiveReading[]): string =>
    `${Math.round(100 * Math.min(...of.map((reading) => reading.share)))} %`;
  return createFigure({
    what,
    unit: key === 'cpuPerToken' ? 'µs' : 'ms',
    ours: ours.map((reading) => reading[key]),
    baseline: baseline.map((reading) => reading[key]),
    as: 'ours/baseline',
    ...(limit === undefined ? {} : { goal: atMost(limit) }),
    ...(key === 'p50'
      ? { note: `${share(ours)} of the tokens came in time, ${share(baseline)} with the baseline` }
      : {}),
  });
}
