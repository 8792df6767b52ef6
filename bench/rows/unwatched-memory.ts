import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../harness/bench.ts';
import { atMost, createFigure } from '../harness/figure.ts';
import { createRelayClient, mapLimited } from '../harness/relay-client.ts';
import type { RelayServer } from '../servers/relay-server.ts';

const CONCURRENT_RUNS = 50;
const REPLY = { rate: 1000, count: 5 };
/**
 * Batches of conversations before the measurement: enough to fill the relay's bounded caches, and for V8 to drop code
 * that only ran at the start.
 */
const WARM_UP_BATCHES = 2;
/** How long after a batch memory is read, in ms: longer than the relay keeps anything for returning viewers. */
const LEFT_MS = 7000;

/** Finished conversations that nobody watches: the relay's process must keep nothing of them. */
export const unwatchedMemory: Bench = {
  name: 'unwatched-memory',
  run: async ({ quick, start, progress }) => {
    const sessions = quick ? 250 : 2000;
    const relay = await start<RelayServer>('servers/relay-server.ts', { forMemory: true });
    const client = createRelayClient(await relay.call('port'));
    const converse = (count: number) =>
      mapLimited(Array.from({ length: count }), CONCURRENT_RUNS, async () => {
        const session = await client.mint();
        await client.prompt(session, REPLY);
        await client.idle(session);
      });
    const heapAfter = async (count: number): Promise<number> => {
      progress(`${count} conversations`);
      await converse(count);
      await sleep(LEFT_MS);
      const { heap } = await relay.call('memory');
      return heap / 1024 ** 2;
    };
    for (let batch = 0; batch < WARM_UP_BATCHES; batch += 1) await heapAfter(sessions);
    const before = await heapAfter(sessions);
    const more = 3 * sessions;
    const after = await heapAfter(more);
    return [
      createFigure({
        what: `the relay's JavaScript memory after ${more} more conversations that nobody watches against before`,
        unit: 'MB',
        ours: [after],
        baseline: [before],
        as: 'ours/baseline',
        // 60 bytes per session of 35 MB: less than one forgotten map entry with its key.
        goal: atMost(1.01),
        note: `${Math.round(((after - before) * 1024 ** 2) / more)} bytes per session`,
      }),
    ];
  },
};
