import type { RawHttp } from '../baselines/raw-http.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import type { Handlers } from '../harness/commands.ts';
import { atLeast, createFigure, type Figure } from '../harness/figure.ts';
import { createRelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { SocketRequest } from '../load/sse-socket.ts';
import type { Until, Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';

/** The first ping comes right after the replay. */
export const CAUGHT_UP: Until = { text: 'event: ping' };

interface Case {
  name: string;
  end: 'active' | 'sealed';
  /** Whether the viewer asks from just before the run, for entries, or without a cursor, for the transcript. */
  cursor: boolean;
  /** Whether one conversation is read again and again, so that the relay has it in memory; else each is read once. */
  again: boolean;
  /** The goal: throughput as a share of raw HTTP. */
  share: number;
}

const CASES: readonly Case[] = [
  { name: 'active run, read a moment ago', end: 'active', cursor: true, again: true, share: 0.5 },
  { name: 'active run, read for the first time', end: 'active', cursor: true, again: false, share: 0.3 },
  {
    name: 'last finished run, by its cursor, for the first time',
    end: 'sealed',
    cursor: true,
    again: false,
    share: 0.3,
  },
  { name: 'sealed, no cursor, for the first time', end: 'sealed', cursor: false, again: false, share: 0.3 },
];

/** What a replay takes. */
export interface Cost {
  milliseconds: number;
  /** CPU of the server per replay. */
  cpuMilliseconds: number;
  bytes: number;
}

/** A reply of 20,000 tokens, one log entry each, replayed. */
export const replay: Bench = {
  name: 'replay',
  run: async ({ quick, start, progress }) => {
    const tokens = quick ? 2000 : 20_000;
    const rounds = quick ? 1 : 15;
    const times = quick ? 3 : 5;
    const [relay, merged, unmerged, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts'),
      start<RawHttp>('baselines/raw-http.ts'),
      start<RawHttp>('baselines/raw-http.ts'),
      start<Viewers>('load/viewers.ts'),
    ]);
    const client = createRelayClient(await relay.call('port'));
    const [mergedPort, unmergedPort] = [await merged.call('port'), await unmerged.call('port')];

    const figures: Figure[] = [];
    for (const { name, end, cursor, again, share } of CASES) {
      progress(name);
      const prepare = async (): Promise<{ request: SocketRequest; before: string; sessionId: string }> => {
        const session = await client.mint();
        const { before } = await relay.call('seed', { sessionId: session.sessionId, tokens, end });
        return { request: client.view(session, cursor ? before : undefined), before, sessionId: session.sessionId };
      };
      const first = await prepare();
      const everyEntry = await relay.call('unmerged', { sessionId: first.sessionId, after: first.before });
      await unmerged.call('hold', everyEntry);
      const measure = (server: Child<Handlers>, requests: SocketRequest[], until: Until): Promise<Cost> =>
        measureReplays({ server, load, requests, until });
      const { bytes } = await measure(relay, [first.request], CAUGHT_UP);
      await merged.call('hold', new Uint8Array(bytes).fill(120));

      const repeat = (request: SocketRequest): SocketRequest[] => Array.from({ length: times }, () => request);
      const raw = (port: number): SocketRequest[] => repeat({ ...first.request, port });
      const measured = await interleave(rounds, {
        merged: () => measure(merged, raw(mergedPort), { bytes }),
        relay: async () => {
          const requests = again ? repeat(first.request) : [];
          while (requests.length < times) requests.push((await prepare()).request);
          return measure(relay, requests, CAUGHT_UP);
        },
        unmerged: () => measure(unmerged, raw(unmergedPort), { bytes: everyEntry.length }),
      });

      const cpu = (of: readonly Cost[]): number[] => of.map((cost) => cost.cpuMilliseconds);
      const wall = (of: readonly Cost[]): number[] => of.map((cost) => cost.milliseconds);
      const kilobytes = (count: number): string => `${Math.round(count / 1000)} kB`;
      const figure = (what: string, unit: string, of: typeof cpu, baseline: readonly Cost[], goal: boolean): Figure =>
        createFigure({
          what: `${name}: ${what}`,
          unit,
          ours: of(measured.relay),
          baseline: of(baseline),
          as: 'baseline/ours',
          ...(goal ? { goal: atLeast(share) } : {}),
        });
      figures.push(
        figure(
          `CPU against raw HTTP of the unmerged ${kilobytes(everyEntry.length)}`,
          'ms CPU',
          cpu,
          measured.unmerged,
          true,
        ),
        figure(`CPU against raw HTTP of the ${kilobytes(bytes)} sent`, 'ms CPU', cpu, measured.merged, true),
        figure(
          `time against raw HTTP of the unmerged ${kilobytes(everyEntry.length)}`,
          'ms',
          wall,
          measured.unmerged,
          false,
        ),
      );
    }
    return figures;
  },
};

/** Fetches one replay after the other; resolves with the mean. */
export async function measureReplays({
  server,
  load,
  ...replays
}: {
  server: Child<Handlers>;
  load: Child<Viewers>;
  requests: SocketRequest[];
  until: Until;
}): Promise<Cost> {
  const before = await server.call('cpu');
  const { bytes, milliseconds } = await load.call('replay', replays);
  const cpuMilliseconds = ((await server.call('cpu')) - before) / 1000 / replays.requests.length;
  return {
    bytes,
    cpuMilliseconds,
    milliseconds: milliseconds.reduce((sum, value) => sum + value, 0) / replays.requests.length,
  };
}
