import { setTimeout as sleep } from 'node:timers/promises';
import type { BareSse } from '../baselines/bare-sse.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import type { Handlers } from '../harness/commands.ts';
import { atMost, createFigure } from '../harness/figure.ts';
import { createRelayClient, mapLimited } from '../harness/relay-client.ts';
import type { SocketRequest } from '../load/sse-socket.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';

/** Viewers that come and go before the measuring, so that what is made once is made. */
const WARM_UP_VIEWERS = 500;
/** Until what follows a connection or its end has run. */
const SETTLE_MS = 1500;
const CONCURRENT_REQUESTS = 50;

interface Held {
  /** Kilobytes of the process for each viewer. */
  rss: number;
  /** Kilobytes of the JavaScript heap and its buffers for each viewer. */
  heap: number;
  /** Kilobytes of the heap for each viewer after all have left. */
  after: number;
}

/** Viewers who wait while nothing happens: what each of them keeps occupied. Each round has fresh processes. */
export const idleMemory: Bench = {
  name: 'idle-memory',
  run: async ({ quick, start, progress }) => {
    const viewers = quick ? 500 : 10_000;
    const rounds = quick ? 1 : 3;
    const layouts = [
      { name: 'one session', sessions: 1 },
      { name: 'a session each', sessions: viewers },
    ];
    const figures = [];
    for (const { name, sessions } of layouts) {
      const bareHeld: Held[] = [];
      const relayHeld: Held[] = [];
      for (let round = 0; round < rounds; round += 1) {
        progress(`${viewers} viewers, ${name}, round ${round + 1} of ${rounds}`);
        const load = await start<Viewers>('load/viewers.ts');
        const relay = await start<RelayServer>('servers/relay-server.ts', { exposeGc: true });
        const client = createRelayClient(await relay.call('port'));
        const minted = await mapLimited(Array.from({ length: sessions }), CONCURRENT_REQUESTS, () => client.mint());
        await mapLimited(minted, CONCURRENT_REQUESTS, ({ sessionId }) => relay.call('seed', { sessionId, tokens: 10, end: 'sealed' }));
        const requests = Array.from({ length: viewers }, (_, index): SocketRequest => {
          const session = minted[index % minted.length];
          if (!session) throw new Error('there are no sessions');
          return client.view(session);
        });
        relayHeld.push(await measureHeld(relay, load, requests));
        await relay.stop();

        const bare = await start<BareSse>('baselines/bare-sse.ts', { exposeGc: true });
        const port = await bare.call('port');
        bareHeld.push(await measureHeld(bare, load, requests.map(({ path, headers = {} }) => ({ port, path, headers }))));
        await Promise.all([bare.stop(), load.stop()]);
      }
      const pick = (of: readonly Held[], key: keyof Held): number[] => of.map((held) => held[key]);
      const figure = (what: string, key: keyof Held, limit?: number) =>
        createFigure({
          what: `${what}, ${viewers} idle viewers, ${name}`,
          unit: 'kB',
          ours: pick(relayHeld, key),
          baseline: pick(bareHeld, key),
          as: 'ours/baseline',
          ...(limit === undefined ? {} : { goal: atMost(limit) }),
        });
      figures.push(
        figure('memory per viewer', 'rss', 1.15),
        figure('JavaScript memory per viewer', 'heap'),
        figure('JavaScript memory kept per viewer once all have left', 'after'),
      );
    }
    return figures;
  },
};

async function measureHeld(server: Child<Handlers>, load: Child<Viewers>, requests: SocketRequest[]): Promise<Held> {
  await load.call('connect', { group: 'warm-up', requests: requests.slice(0, WARM_UP_VIEWERS) });
  await load.call('disconnect', { group: 'warm-up' });
  await sleep(SETTLE_MS);
  const before = await server.call('memory');
  await load.call('connect', { group: 'idle', requests });
  await sleep(SETTLE_MS);
  const during = await server.call('memory');
  const { lost } = await load.call('read', { group: 'idle' });
  if (lost > 0) throw new Error(`${lost} viewers were let go of`);
  await load.call('disconnect', { group: 'idle' });
  await sleep(SETTLE_MS);
  const after = await server.call('memory');
  const perViewer = (bytes: number): number => bytes / 1024 / requests.length;
  return {
    rss: perViewer(during.rss - before.rss),
    heap: perViewer(during.heap - before.heap),
    after: perViewer(after.heap - before.heap),
  };
}
