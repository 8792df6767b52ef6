import type { RawHttp } from '../baselines/raw-http.ts';
import type { TutorialRedis } from '../baselines/tutorial-redis.ts';
import type { Bench } from '../harness/bench.ts';
import { atLeast, atMost, createFigure, type Figure } from '../harness/figure.ts';
import { createRelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { SocketRequest } from '../load/sse-socket.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';
import { CAUGHT_UP, measureReplays, type Cost } from './replay.ts';

const CASES = [
  { name: 'live, read a moment ago', end: 'active', again: true, share: 0.5 },
  { name: 'live, read for the first time', end: 'active', again: false, share: 0.3 },
  { name: 'sealed, read for the first time', end: 'sealed', again: false, share: 0.3 },
] as const;

/** A reply of 20,000 tokens that were written one by one, replayed from Redis. */
export const redisReplay: Bench = {
  name: 'redis-replay',
  run: async ({ quick, start, redis, progress }) => {
    const tokens = quick ? 2000 : 20_000;
    const times = quick ? 2 : 3;
    const { url } = await redis();
    const [relay, raw, tutorial, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts', { args: [url] }),
      start<RawHttp>('baselines/raw-http.ts'),
      start<TutorialRedis>('baselines/tutorial-redis.ts', { args: [url] }),
      start<Viewers>('load/viewers.ts'),
    ]);
    const client = createRelayClient(await relay.call('port'));
    const [rawPort, tutorialPort] = [await raw.call('port'), await tutorial.call('port')];
    await tutorial.call('fill', { channel: 'filled', tokens });
    const ofTutorial: SocketRequest = { port: tutorialPort, path: '/?sessionId=filled' };
    const repeat = (request: SocketRequest): SocketRequest[] => Array.from({ length: times }, () => request);

    const figures: Figure[] = [];
    for (const { name, end, again, share } of CASES) {
      progress(name);
      const prepare = async () => {
        const session = await client.mint();
        const { before } = await relay.call('seed', {
          sessionId: session.sessionId,
          tokens,
          end,
          batch: end === 'active' ? 1 : 500,
        });
        return {
          request: client.view(session, end === 'active' ? before : undefined),
          before,
          sessionId: session.sessionId,
        };
      };
      const first = await prepare();
      const everyEntry = await relay.call('unmerged', { sessionId: first.sessionId, after: first.before });
      await raw.call('hold', everyEntry);
      const measured = await interleave(quick ? 1 : 3, {
        raw: () =>
          measureReplays({
            server: raw,
            load,
            requests: repeat({ port: rawPort, path: '/' }),
            until: { bytes: everyEntry.length },
          }),
        relay: async () => {
          const requests = again ? repeat(first.request) : [];
          while (requests.length < times) requests.push((await prepare()).request);
          return measureReplays({ server: relay, load, requests, until: CAUGHT_UP });
        },
        tutorial: () =>
          measureReplays({ server: tutorial, load, requests: repeat(ofTutorial), until: { text: 'the end' } }),
      });
      const of = (costs: readonly Cost[], key: 'cpuMilliseconds' | 'milliseconds'): number[] =>
        costs.map((cost) => cost[key]);
      const size = `${Math.round(everyEntry.length / 1000)} kB`;
      figures.push(
        createFigure({
          what: `${name}: CPU against raw HTTP of the unmerged ${size}`,
          unit: 'ms CPU',
          ours: of(measured.relay, 'cpuMilliseconds'),
          baseline: of(measured.raw, 'cpuMilliseconds'),
          as: 'baseline/ours',
          goal: atLeast(share),
        }),
        createFigure({
          what: `${name}: time against raw HTTP of the unmerged ${size}`,
          unit: 'ms',
          ours: of(measured.relay, 'milliseconds'),
          baseline: of(measured.raw, 'milliseconds'),
          as: 'baseline/ours',
        }),
        createFigure({
          what: `${name}: time against the tutorial design`,
          unit: 'ms',
          ours: of(measured.relay, 'milliseconds'),
          baseline: of(measured.tutorial, 'milliseconds'),
          as: 'ours/baseline',
          goal: atMost(0.05),
        }),
      );
    }
    return figures;
  },
};
