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

/** The first ping comes right after the replay and means 'caught up'. */
const CAUGHT_UP: Until = { text: 'event: ping' };

interface Case {
  name: string;
  end: 'active' | 'sealed';
  /** Whether the viewer asks from just before the run (entries) or without a cursor (transcript first). */
  cursor: boolean;
  /** Whether somebody else is watching already, so that the relay has the session at hand. */
  watched: boolean;
  /** Throughput to reach, as a share of raw HTTP. */
  share: number;
}

const CASES: readonly Case[] = [
  { name: 'active run, watched by another', end: 'active', cursor: true, watched: true, share: 0.5 },
  { name: 'active run, first viewer', end: 'active', cursor: true, watched: false, share: 0.3 },
  { name: 'active run, no cursor', end: 'active', cursor: false, watched: false, share: 0.3 },
  { name: 'last finished run, by its cursor', end: 'sealed', cursor: true, watched: false, share: 0.3 },
  { name: 'sealed, no cursor', end: 'sealed', cursor: false, watched: false, share: 0.3 },
];

interface Cost {
  milliseconds: number;
  /** CPU of the server for each replay. */
  cpuMilliseconds: number;
  bytes: number;
}

/** A reply of 20,000 tokens, one log entry each, read again. */
export const replay: Bench = {
  name: 'replay',
  run: async ({ quick, start, progress }) => {
    const tokens = quick ? 2000 : 20_000;
    const rounds = quick ? 1 : 5;
    const times = quick ? 3 : 10;
    const [relay, merged, unmerged, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts'),
      start<RawHttp>('baselines/raw-http.ts'),
      start<RawHttp>('baselines/raw-http.ts'),
      start<Viewers>('load/viewers.ts'),
    ]);
    const client = createRelayClient(await relay.call('port'));
    const [mergedPort, unmergedPort] = [await merged.call('port'), await unmerged.call('port')];

    const figures: Figure[] = [];
    for (const { name, end, cursor, watched, share } of CASES) {
      progress(name);
      const session = await client.mint();
      const { before } = await relay.call('seed', { sessionId: session.sessionId, tokens, end });
      const request = client.view(session, cursor ? before : undefined);
      if (watched) await load.call('connect', { group: name, requests: [request] });

      const everyEntry = await relay.call('unmerged', { sessionId: session.sessionId, after: before });
      await unmerged.call('hold', everyEntry);
      const measure = (server: Child<Handlers>, from: SocketRequest, until: Until): Promise<Cost> =>
        measureReplays({ server, load, request: from, until, times });
      const { bytes } = await measure(relay, request, CAUGHT_UP);
      await merged.call('hold', new Uint8Array(bytes).fill(120));

      const raw = (port: number): SocketRequest => ({ ...request, port });
      const measured = await interleave(rounds, {
        merged: () => measure(merged, raw(mergedPort), { bytes }),
        relay: () => measure(relay, request, CAUGHT_UP),
        unmerged: () => measure(unmerged, raw(unmergedPort), { bytes: everyEntry.length }),
      });
      if (watched) await load.call('disconnect', { group: name });

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
        figure(`CPU against raw HTTP of the unmerged ${kilobytes(everyEntry.length)}`, 'ms CPU', cpu, measured.unmerged, true),
        figure(`CPU against raw HTTP of the ${kilobytes(bytes)} sent`, 'ms CPU', cpu, measured.merged, true),
        figure(`time against raw HTTP of the unmerged ${kilobytes(everyEntry.length)}`, 'ms', wall, measured.unmerged, false),
      );
    }
    return figures;
  },
};

async function measureReplays({
  server,
  load,
  ...replays
}: {
  server: Child<Handlers>;
  load: Child<Viewers>;
  request: SocketRequest;
  until: Until;
  times: number;
}): Promise<Cost> {
  const before = await server.call('cpu');
  const { bytes, milliseconds } = await load.call('replay', replays);
  const cpuMilliseconds = ((await server.call('cpu')) - before) / 1000 / replays.times;
  return { bytes, cpuMilliseconds, milliseconds: milliseconds.reduce((sum, value) => sum + value, 0) / replays.times };
}
