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

/** Viewers that come and go before the measurement, so that everything that is made once exists. */
const WARM_UP_VIEWERS = 500;
/** How long after connecting memory is read, in ms. */
const SETTLE_MS = 1500;
/** How long after the viewers have left memory is read, in ms: longer than the relay keeps anything for their return. */
const LEFT_MS = 7000;
const CONCURRENT_REQUESTS = 50;

/** Memory that viewers hold. */
interface Held {
  /** Resident set size per viewer, in kB. */
  rss: number;
  /** JavaScript heap and buffers per viewer, in kB. */
  heap: number;
  /** JavaScript heap and buffers before the viewers came, and after they have left, in MB. */
  before: number;
  after: number;
}

/** The memory of viewers to whom nothing happens. Each round has new processes. */
export const idleMemory: Bench = {
  name: 'idle-memory',
  run: async ({ quick, start, folder, progress }) => {
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
        const store = await folder();
        const requests = await seedSessions(
          await start<RelayServer>('servers/relay-server.ts', { args: [store] }),
          viewers,
          sessions,
        );
        const relay = await start<RelayServer>('servers/relay-server.ts', { args: [store], forMemory: true });
        relayHeld.push(await measureHeld(relay, load, await relay.call('port'), requests));
        await relay.stop();

        const bare = await start<BareSse>('baselines/bare-sse.ts', { forMemory: true });
        bareHeld.push(await measureHeld(bare, load, await bare.call('port'), requests));
        await Promise.all([bare.stop(), load.stop()]);
      }
      const pick = (of: readonly Held[], key: keyof Held): number[] => of.map((held) => held[key]);
      const where = `${viewers} idle viewers, ${name}`;
      figures.push(
        createFigure({
          what: `memory per viewer, ${where}`,
          unit: 'kB',
          ours: pick(relayHeld, 'rss'),
          baseline: pick(bareHeld, 'rss'),
          as: 'ours/baseline',
          goal: atMost(1.15),
        }),
        createFigure({
          what: `JavaScript memory per viewer, ${where}`,
          unit: 'kB',
          ours: pick(relayHeld, 'heap'),
          baseline: pick(bareHeld, 'heap'),
          as: 'ours/baseline',
        }),
        createFigure({
          what: `the relay's JavaScript memory once all have left against before they came, ${where}`,
          unit: 'MB',
          ours: pick(relayHeld, 'after'),
          baseline: pick(relayHeld, 'before'),
          as: 'ours/baseline',
          goal: atMost(1.1),
        }),
      );
    }
    return figures;
  },
};

/** Makes conversations for the viewers in a process that ends, so that its memory is not counted. */
async function seedSessions(relay: Child<RelayServer>, viewers: number, sessions: number): Promise<SocketRequest[]> {
  const client = createRelayClient(await relay.call('port'));
  const minted = await mapLimited(Array.from({ length: sessions }), CONCURRENT_REQUESTS, () => client.mint());
  await mapLimited(minted, CONCURRENT_REQUESTS, ({ sessionId }) =>
    relay.call('seed', { sessionId, tokens: 10, end: 'sealed' }),
  );
  await relay.stop();
  return Array.from({ length: viewers }, (_, index) => {
    const session = minted[index % minted.length];
    if (!session) throw new Error('no session was made');
    return client.view(session);
  });
}

async function measureHeld(
  server: Child<Handlers>,
  load: Child<Viewers>,
  port: number,
  from: readonly SocketRequest[],
): Promise<Held> {
  const requests = from.map(({ path, headers = {} }) => ({ port, path, headers }));
  await load.call('connect', { group: 'warm-up', requests: requests.slice(0, WARM_UP_VIEWERS) });
  await load.call('disconnect', { group: 'warm-up' });
  await sleep(LEFT_MS);
  const before = await server.call('memory');
  await load.call('connect', { group: 'idle', requests });
  await sleep(SETTLE_MS);
  const during = await server.call('memory');
  const { lost } = await load.call('read', { group: 'idle' });
  if (lost > 0) throw new Error(`the server closed ${lost} connections`);
  await load.call('disconnect', { group: 'idle' });
  await sleep(LEFT_MS);
  const after = await server.call('memory');
  const perViewer = (bytes: number): number => bytes / 1024 / requests.length;
  return {
    rss: perViewer(during.rss - before.rss),
    heap: perViewer(during.heap - before.heap),
    before: before.heap / 1024 ** 2,
    after: after.heap / 1024 ** 2,
  };
}
