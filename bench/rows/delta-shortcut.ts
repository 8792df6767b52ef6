import type { Bench } from '../harness/bench.ts';
import { atMost, createFigure, type Figure } from '../harness/figure.ts';
import { createRelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';
import { measureRelay } from './latency.ts';

/** Tokens per second of all replies together: below what one core can do, so that no queue is measured. */
const TOKENS_PER_SECOND = 5000;

/** Replies at once, and the cost above which the shortcut is not worth its code. */
const LOADS = [
  { runs: 100, limit: 0.95 },
  { runs: 500, limit: 0.85 },
];

/** What the shortcut past the AI SDK's stream saves (decision 28): two relays, one of which does without it. */
export const deltaShortcut: Bench = {
  name: 'delta-shortcut',
  run: async ({ quick, start, progress }) => {
    const [withShortcut, asTheSdkGivesIt, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts'),
      start<RelayServer>('servers/relay-server.ts', { args: ['--model-by-name'] }),
      start<Viewers>('load/viewers.ts'),
    ]);
    const windowMs = quick ? 1000 : 4000;
    const costOf = async (relay: typeof withShortcut): Promise<(runs: number) => Promise<number>> => {
      const client = createRelayClient(await relay.call('port'));
      return async (runs) => {
        const rate = TOKENS_PER_SECOND / runs;
        const { cpuPerToken } = await measureRelay({ relay, client, load, runs, windowMs, rate });
        return cpuPerToken;
      };
    };
    const [ours, sdk] = [await costOf(withShortcut), await costOf(asTheSdkGivesIt)];

    const figures: Figure[] = [];
    const loads = quick ? [{ runs: 20, limit: 0.95 }] : LOADS;
    for (const { runs, limit } of loads) {
      progress(`${runs} runs`);
      const measured = await interleave(quick ? 1 : 7, { ours: () => ours(runs), sdk: () => sdk(runs) });
      figures.push(
        createFigure({
          what: `server CPU per token, ${runs} runs, against the relay that reads the stream of the AI SDK`,
          unit: 'µs',
          ours: measured.ours,
          baseline: measured.sdk,
          as: 'ours/baseline',
          goal: atMost(limit),
        }),
      );
    }
    return figures;
  },
};
