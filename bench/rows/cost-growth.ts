import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchContext } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { atMost, createFigure, type Figure } from '../harness/figure.ts';
import { createRelayClient, mapLimited, type RelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';
import { measureRelay } from './latency.ts';

/** The growth of the cost per token with the number of runs and the length of a reply; the relay is its own baseline. */
export const costGrowth: Bench = {
  name: 'cost-growth',
  run: async (context) => [await growthWithRuns(context), await growthWithLength(context)],
};

/** Tokens per second of all runs together: below what one core can do, so that no queue is measured. */
const TOKENS_PER_SECOND = 2500;

async function growthWithRuns({ quick, start, progress }: BenchContext): Promise<Figure> {
  const [few, many] = quick ? [5, 50] : [10, 500];
  const windowMs = quick ? 1000 : 4000;
  const [relay, load] = await Promise.all([
    start<RelayServer>('servers/relay-server.ts'),
    start<Viewers>('load/viewers.ts'),
  ]);
  const client = createRelayClient(await relay.call('port'));
  progress(`${few} and ${many} runs`);
  const cost = async (runs: number): Promise<number> => {
    const { cpuPerToken } = await measureRelay({ relay, load, client, runs, windowMs, rate: TOKENS_PER_SECOND / runs });
    return cpuPerToken;
  };
  const measured = await interleave(quick ? 1 : 5, { few: () => cost(few), many: () => cost(many) });
  return createFigure({
    what: `server CPU per token at ${many} runs against ${few} runs, ${TOKENS_PER_SECOND} tokens/s in all`,
    unit: 'µs',
    ours: measured.many,
    baseline: measured.few,
    as: 'ours/baseline',
    goal: atMost(1.5),
  });
}

/** Replies at a time: the CPU of a single one is too little to measure. */
const LONG_REPLIES = 10;
const LONG_RATE = 500;

async function growthWithLength({ quick, start, progress }: BenchContext): Promise<Figure> {
  const early = 100;
  const late = quick ? 2000 : 20_000;
  const span = quick ? 500 : 2000;
  const rounds = quick ? 1 : 3;
  const [relay, load] = await Promise.all([
    start<RelayServer>('servers/relay-server.ts'),
    start<Viewers>('load/viewers.ts'),
  ]);
  const client = createRelayClient(await relay.call('port'));
  progress(`token ${early} and token ${late}`);

  const earlyCosts: number[] = [];
  const lateCosts: number[] = [];
  await measureLong({ relay, load, client, marks: [early], span });
  for (let round = 0; round < rounds; round += 1) {
    const [first, last] = await measureLong({ relay, load, client, marks: [early, late], span });
    if (first === undefined || last === undefined) throw new Error('no cost was measured for a long reply');
    earlyCosts.push(first);
    lateCosts.push(last);
  }
  // A late window lies minutes after its early one, so it is compared with the early ones on both sides of it.
  const [lastEarly] = await measureLong({ relay, load, client, marks: [early], span });
  earlyCosts.push(lastEarly ?? Number.NaN);
  return createFigure({
    what: `server CPU per token at token ${late} of a reply against token ${early}`,
    unit: 'µs',
    ours: lateCosts,
    baseline: lateCosts.map((_, round) => ((earlyCosts[round] ?? 0) + (earlyCosts[round + 1] ?? 0)) / 2),
    as: 'ours/baseline',
    goal: atMost(1.2),
  });
}

/** CPU per token in a window of `span` tokens that begins at each of `marks`. */
async function measureLong({
  relay,
  load,
  client,
  marks,
  span,
}: {
  relay: Child<RelayServer>;
  load: Child<Viewers>;
  client: RelayClient;
  marks: readonly number[];
  span: number;
}): Promise<number[]> {
  const count = Math.max(...marks) + span + LONG_RATE;
  const sessions = await mapLimited(Array.from({ length: LONG_REPLIES }), LONG_REPLIES, () => client.mint());
  const startedAt = performance.now();
  const requests = await mapLimited(sessions, LONG_REPLIES, async (session) => {
    const { cursor } = await client.prompt(session, { rate: LONG_RATE, count });
    return client.view(session, cursor);
  });
  await load.call('connect', { group: 'long', requests });

  const costs: number[] = [];
  for (const mark of marks) {
    await sleep(Math.max(0, (mark / LONG_RATE) * 1000 - (performance.now() - startedAt)));
    await load.call('record', { group: 'long', delays: false });
    const before = await relay.call('cpu');
    await sleep((span / LONG_RATE) * 1000);
    const after = await relay.call('cpu');
    const tokens = await load.call('tokens', { group: 'long' });
    if (tokens === 0) throw new Error('no token of a long reply came');
    costs.push((after - before) / tokens);
  }
  await mapLimited(sessions, LONG_REPLIES, (session) => client.idle(session));
  await load.call('disconnect', { group: 'long' });
  return costs;
}
