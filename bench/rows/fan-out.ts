import { setTimeout as sleep } from 'node:timers/promises';
import type { BareSse } from '../baselines/bare-sse.ts';
import type { Bench } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import type { Handlers } from '../harness/commands.ts';
import { atMost, createFigure } from '../harness/figure.ts';
import { createRelayClient } from '../harness/relay-client.ts';
import { interleave } from '../harness/statistics.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';

/** Tokens per second. */
const RATE = 50;

/** Cost of a message per viewer: one reply to many viewers of one session. */
export const fanOut: Bench = {
  name: 'fan-out',
  run: async ({ quick, start, progress }) => {
    const viewers = quick ? 100 : 1000;
    const rounds = quick ? 1 : 5;
    const windowMs = quick ? 1000 : 4000;
    const [relay, bare, load] = await Promise.all([
      start<RelayServer>('servers/relay-server.ts'),
      start<BareSse>('baselines/bare-sse.ts'),
      start<Viewers>('load/viewers.ts'),
    ]);
    const stream = { rate: RATE, count: (RATE * (windowMs + 1500)) / 1000 };

    const client = createRelayClient(await relay.call('port'));
    const session = await client.mint();
    await relay.call('seed', { sessionId: session.sessionId, tokens: 1, end: 'sealed' });
    const request = client.view(session);
    await load.call('connect', { group: 'relay', requests: Array.from({ length: viewers }, () => request) });
    const bareRequest = { ...request, port: await bare.call('port') };
    await load.call('connect', { group: 'bare', requests: Array.from({ length: viewers }, () => bareRequest) });
    progress(`${viewers} viewers each`);

    const measure = async (server: Child<Handlers>, group: string, begin: () => Promise<unknown>): Promise<number> => {
      await load.call('record', { group, delays: false });
      await begin();
      await sleep(1000);
      const [cpuBefore, tokensBefore] = await Promise.all([server.call('cpu'), load.call('tokens', { group })]);
      await sleep(windowMs);
      const [cpuAfter, tokensAfter] = await Promise.all([server.call('cpu'), load.call('tokens', { group })]);
      const { lost } = await load.call('read', { group });
      const tokens = tokensAfter - tokensBefore;
      const expected = (viewers * RATE * windowMs) / 1000;
      if (lost > 0 || tokens < expected * 0.8)
        throw new Error(`${group}: ${tokens} of ${expected} messages came, ${lost} viewers lost`);
      return (cpuAfter - cpuBefore) / tokens;
    };

    const measured = await interleave(rounds, {
      bare: async () => {
        const cost = await measure(bare, 'bare', () =>
          bare.call('start', { channel: session.sessionId, stream, source: 'wheel' }),
        );
        await sleep(1000);
        return cost;
      },
      relay: async () => {
        const cost = await measure(relay, 'relay', () => client.prompt(session, stream));
        await client.idle(session);
        return cost;
      },
    });
    return [
      createFigure({
        what: `server CPU per message and viewer, ${viewers} viewers of one session`,
        unit: 'µs',
        ours: measured.relay,
        baseline: measured.bare,
        as: 'ours/baseline',
        goal: atMost(1),
      }),
    ];
  },
};
