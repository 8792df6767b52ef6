import { setTimeout as sleep } from 'node:timers/promises';
import type { BareSse } from '../baselines/bare-sse.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import type { Handlers } from '../harness/commands.ts';
import { atMost, createFigure, type Figure } from '../harness/figure.ts';
import { createRelayClient, mapLimited, type RelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { TokenStream } from '../harness/token-wheel.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';

const RATE = 50;
/** Milliseconds until all replies are running and their code is compiled. */
const WARM_UP_MS = 1500;
const CONCURRENT_REQUESTS = 50;

export interface LiveReading {
  /** Milliseconds from the model to the viewer. */
  p50: number;
  p99: number;
  /** CPU of the server process for each token that a viewer got, in microseconds. */
  cpuPerToken: number;
  /** Tokens received per token made in the window; well below 1 when the machine could not keep up. */
  share: number;
}

/** Delay and cost of a token: replies of 50 tokens a second with one viewer each. */
export const latency: Bench = {
  name: 'latency',
  run: async ({ quick, start, progress }) => {
    const windowMs = quick ? 1000 : 4000;
    const [relay, bare, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts'),
      start<BareSse>('baselines/bare-sse.ts'),
      start<Viewers>('load/viewers.ts'),
    ]);
    const client = createRelayClient(await relay.call('port'));
    const barePort = await bare.call('port');
    const common = { load, windowMs };
    const measure = {
      relay: (runs: number) => () => measureRelay({ ...common, relay, client, runs }),
      bare: (runs: number) => () => measureBare({ ...common, bare, port: barePort, runs, source: 'wheel' }),
      sdk: (runs: number) => () => measureBare({ ...common, bare, port: barePort, runs, source: 'ai-sdk' }),
    };

    const figures: Figure[] = [];
    for (const runs of quick ? [1, 20] : [1, 100, 500]) {
      progress(`${runs} runs`);
      const rounds = quick ? 1 : runs === 1 ? 5 : 3;
      const measured = await interleave(rounds, { bare: measure.bare(runs), relay: measure.relay(runs) });
      const name = runs === 1 ? '1 run' : `${runs} runs`;
      figures.push(
        figure(`model to viewer, p50, ${name}`, 'p50', measured.relay, measured.bare, 2.5),
        figure(`model to viewer, p99, ${name}`, 'p99', measured.relay, measured.bare, 10),
      );
      // With one run the CPU time is that of the clock that paces the model.
      if (runs > 1)
        figures.push(figure(`server CPU per token, ${name}`, 'cpuPerToken', measured.relay, measured.bare, 2));
    }

    const runs = 20;
    progress(`${runs} runs, against bare SSE with the AI SDK`);
    const measured = await interleave(quick ? 1 : 3, { sdk: measure.sdk(runs), relay: measure.relay(runs) });
    const against = `${runs} runs, against bare SSE behind the AI SDK's streamText`;
    figures.push(
      figure(`model to viewer, p50, ${against}`, 'p50', measured.relay, measured.sdk),
      figure(`server CPU per token, ${against}`, 'cpuPerToken', measured.relay, measured.sdk),
    );
    return figures;
  },
};

function figure(
  what: string,
  key: Exclude<keyof LiveReading, 'share'>,
  ours: readonly LiveReading[],
  baseline: readonly LiveReading[],
  limit?: number,
): Figure {
  const slowest = Math.min(...ours.map((reading) => reading.share));
  return createFigure({
    what,
    ...(slowest < 0.9
      ? { note: `the machine could not keep up: ${Math.round(slowest * 100)} % of the tokens came in time` }
      : {}),
    unit: key === 'cpuPerToken' ? 'µs' : 'ms',
    ours: ours.map((reading) => reading[key]),
    baseline: baseline.map((reading) => reading[key]),
    as: 'ours/baseline',
    ...(limit === undefined ? {} : { goal: atMost(limit) }),
  });
}

/** The commands of `bare-sse` that every baseline understands. */
type Streaming = Pick<BareSse, 'start' | 'stop'>;

interface Measuring {
  load: Child<Viewers>;
  runs: number;
  windowMs: number;
  /** Tokens a second in each run; 50 when not given. */
  rate?: number;
}

/** Measures `runs` replies of the relay, each with one viewer that connects before it begins. */
export async function measureRelay(
  input: Measuring & { relay: Child<RelayServer>; client: RelayClient },
): Promise<LiveReading> {
  const { relay, load, client, runs } = input;
  const sessions = await mapLimited(Array.from({ length: runs }), CONCURRENT_REQUESTS, async () => {
    const session = await client.mint();
    await relay.call('seed', { sessionId: session.sessionId, tokens: 1, end: 'sealed' });
    return session;
  });
  await load.call('connect', { group: 'relay', requests: sessions.map((session) => client.view(session)) });
  const stream = streamFor(input);
  await mapLimited(sessions, CONCURRENT_REQUESTS, (session) => client.prompt(session, stream));
  const reading = await measureWindow(relay, 'relay', input);
  await mapLimited(sessions, CONCURRENT_REQUESTS, (session) => client.stop(session));
  await load.call('disconnect', { group: 'relay' });
  return reading;
}

/** Measures the same of a baseline. */
export async function measureBare(
  input: Measuring & { bare: Child<Streaming>; port: number; source: 'wheel' | 'ai-sdk' },
): Promise<LiveReading> {
  const { bare, load, port, runs, source } = input;
  const channels = Array.from({ length: runs }, (_, index) => `bench-session-${String(index).padStart(6, '0')}`);
  const requests = channels.map((channel) => ({ port, path: `/stream?sessionId=${channel}` }));
  await load.call('connect', { group: source, requests });
  const stream = streamFor(input);
  await Promise.all(channels.map((channel) => bare.call('start', { channel, stream, source })));
  const reading = await measureWindow(bare, source, input);
  await bare.call('stop');
  await load.call('disconnect', { group: source });
  return reading;
}

/** Milliseconds that a reply lasts beyond warm-up and window, as hundreds of them take to start; then it is stopped. */
const TAIL_MS = 20_000;

function streamFor({ windowMs, rate = RATE }: Measuring): TokenStream {
  return { rate, count: Math.ceil((rate * (WARM_UP_MS + windowMs + TAIL_MS)) / 1000) };
}

async function measureWindow(
  server: Child<Handlers>,
  group: string,
  { load, runs, windowMs, rate = RATE }: Measuring,
): Promise<LiveReading> {
  await sleep(WARM_UP_MS);
  const cpuBefore = await server.call('cpu');
  await load.call('record', { group, delays: true });
  await sleep(windowMs);
  const cpuAfter = await server.call('cpu');
  const { tokens, p50, p99, lost } = await load.call('read', { group });
  const expected = (runs * rate * windowMs) / 1000;
  if (lost > 0 || tokens === 0) throw new Error(`${group}: ${tokens} of ${expected} tokens came, ${lost} viewers lost`);
  return { p50: p50 / 1000, p99: p99 / 1000, cpuPerToken: (cpuAfter - cpuBefore) / tokens, share: tokens / expected };
}
