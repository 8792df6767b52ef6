import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { SCRIPTS } from '#relay/store/redis/scripts.ts';
import type { MintAnswer } from '#shared/protocol.ts';
import type { Bench } from '../harness/bench.ts';
import { atMost, createFigure, type Figure } from '../harness/figure.ts';
import { commandCalls } from '../harness/redis-info.ts';
import { createRelayClient } from '../harness/relay-client.ts';
import type { Viewers } from '../load/viewers.ts';
import type { RelayServer } from '../servers/relay-server.ts';

const RATE = 50;

/** Commands that scripts call, and no client. `publish` is called once per batch. */
const WITHIN_SCRIPTS = new Set([
  'publish',
  ...Object.values(SCRIPTS).flatMap((text) =>
    [...text.matchAll(/redis\.call\('(\w+)'/g)].map(([, name = '']) => name.toLowerCase()),
  ),
]);

/** Relays on the Redis: one runs the reply, the others only poll for due runs and listen. */
const RELAYS = 3;

/**
 * All commands of all relays per flushed batch of one reply, for more and more viewers; and what viewers that have left
 * leave in Redis.
 */
export const redisCommands: Bench = {
  name: 'redis-commands',
  run: async ({ quick, start, redis, progress }) => {
    const { admin, url } = await redis();
    const startRelay = () => start<RelayServer>('servers/relay-server.ts', { args: [url] });
    const [relay, load] = await Promise.all([startRelay(), start<Viewers>('load/viewers.ts')]);
    const client = createRelayClient(await relay.call('port'));
    const windowMs = quick ? 3000 : 15_000;
    const figures: Figure[] = [];
    const seedSession = async () => {
      const session = await client.mint();
      await relay.call('seed', { sessionId: session.sessionId, tokens: 1, end: 'sealed' });
      return session;
    };
    // The relay opens its subscriber connection with the first viewer, and keeps it.
    const first = await seedSession();
    await load.call('connect', { group: 'first', requests: [client.view(first)] });
    await load.call('disconnect', { group: 'first' });
    const rounds: [number, MintAnswer][] = [];
    for (const viewers of [1, 10, quick ? 50 : 1000]) rounds.push([viewers, await seedSession()]);
    // Not earlier: they might take a run that is being seeded.
    for (let others = 1; others < RELAYS; others += 1) await startRelay();
    for (const [viewers, session] of rounds) {
      progress(`${viewers} viewers`);
      const before = await inventory(admin);
      const group = `${viewers} viewers`;
      await load.call('connect', { group, requests: Array.from({ length: viewers }, () => client.view(session)) });
      await client.prompt(session, { rate: RATE, count: (RATE * (windowMs + 10_000)) / 1000 });
      await sleep(1000);
      await admin.config('RESETSTAT');
      await sleep(windowMs);
      const calls = await commandCalls(admin);
      await client.stop(session);
      await client.idle(session);
      await load.call('disconnect', { group });
      // The relay unsubscribes a moment after the last viewer has left.
      await sleep(500);
      const after = await inventory(admin);
      const batches = calls.get('publish') ?? 0;
      if (batches < (RATE * windowMs) / 2000) throw new Error(`${batches} batches in ${windowMs} ms`);
      const ofClients = [...calls].filter(
        ([name]) => !WITHIN_SCRIPTS.has(name) && !name.startsWith('config') && name !== 'info',
      );
      figures.push(
        createFigure({
          what: `Redis commands per flushed batch, ${viewers} viewers of a session`,
          unit: 'commands',
          ours: [ofClients.reduce((sum, [, count]) => sum + count, 0) / batches],
          baseline: [1],
          as: 'ours/baseline',
          goal: atMost(1.05),
          note: `${batches} batches; ${ofClients.map(([name, count]) => `${name} ${count}`).join(', ')}`,
        }),
        createFigure({
          what: `keys, groups, channels and connections left by ${viewers} viewers that have left`,
          unit: '',
          ours: [[...after].filter((thing) => !before.has(thing)).length],
          baseline: [1],
          as: 'ours/baseline',
          goal: atMost(0),
        }),
      );
    }
    return figures;
  },
};

/** Everything in Redis that a viewer could leave there. The keys of its session exist before. */
async function inventory(admin: Redis): Promise<Set<string>> {
  const things = new Set<string>();
  for (const key of await admin.keys('*')) {
    things.add(`key ${key}`);
    if ((await admin.type(key)) !== 'stream') continue;
    const groups = await admin.call('XINFO', 'GROUPS', key);
    if (Array.isArray(groups)) for (const group of groups) things.add(`group ${String(group)}`);
  }
  for (const channel of await admin.pubsub('CHANNELS', '*')) things.add(`channel ${String(channel)}`);
  const clients = String(await admin.client('LIST'));
  for (const [, id = ''] of clients.matchAll(/^id=(\d+)/gm)) things.add(`connection ${id}`);
  return things;
}
