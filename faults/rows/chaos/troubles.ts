import type { Random } from '#testkit/random.ts';
import type { RelayProcess } from '#testkit/processes/relay-process.ts';
import type { TcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep } from '#testkit/wait.ts';
import type { PlaceBridge, SharedPlace } from '../../harness/store-under-test.ts';
import { stopRelay } from '../../harness/stop-relay.ts';

/** A fault that has ended when `make` resolves. */
export interface Trouble {
  readonly name: string;
  make(random: Random): Promise<void>;
}

/** Faults of a relay. */
export function relayTroubles(
  relays: readonly [RelayProcess, ...RelayProcess[]],
  leaseMs: number,
): [Trouble, ...Trouble[]] {
  return [
    {
      name: 'relays killed',
      async make(random) {
        const relay = random.pick(relays);
        await relay.kill();
        await sleep(random.between(0, 2_000));
        await relay.start();
      },
    },
    {
      name: 'relays frozen',
      async make(random) {
        const relay = random.pick(relays);
        relay.signal('SIGSTOP');
        await sleep(random.between(200, 2.5 * leaseMs));
        relay.signal('SIGCONT');
      },
    },
    {
      name: 'relays drained',
      async make(random) {
        const relay = random.pick(relays);
        const wrong = await stopRelay(relay);
        if (wrong !== null) throw new Error(wrong);
        await relay.start();
      },
    },
  ];
}

/** Faults of Redis and of the relays' connections to it. */
export function storeTroubles({ server, links, bridge }: SharedPlace): [Trouble, ...Trouble[]] {
  const pickLink = (random: Random): TcpProxy | undefined => links[random.between(0, links.length - 1)];
  return [
    {
      name: 'times Redis was killed and started again',
      async make(random) {
        await server.kill();
        await sleep(random.between(0, 3_000));
        await server.restart();
      },
    },
    {
      name: 'times Redis stood still',
      async make(random) {
        server.signal('SIGSTOP');
        await sleep(random.between(100, 4_000));
        server.signal('SIGCONT');
      },
    },
    {
      name: 'CLIENT KILL',
      async make(random) {
        await server.admin.call('CLIENT', 'KILL', 'TYPE', random.pick(['normal', 'pubsub']), 'SKIPME', 'yes');
      },
    },
    {
      name: 'CLIENT PAUSE',
      async make(random) {
        const ms = random.between(100, 3_000);
        await server.admin.call('CLIENT', 'PAUSE', String(ms), random.pick(['WRITE', 'ALL']));
        await sleep(ms);
      },
    },
    {
      name: 'lines to Redis cut',
      // oxlint-disable-next-line require-await
      async make(random) {
        pickLink(random)?.cut();
      },
    },
    {
      name: 'lines to Redis black-holed',
      async make(random) {
        const link = pickLink(random);
        link?.blackHole(random.pick(['up', 'down', 'both']));
        await sleep(random.between(100, 4_000));
        link?.restore();
      },
    },
    {
      name: 'times lines to Redis ended in the middle of replies',
      async make(random) {
        const link = pickLink(random);
        const dice = random.fork();
        link?.limitAnswers(() => dice.between(200, 5_000));
        link?.cut();
        await sleep(random.between(200, 1_500));
        link?.restore();
      },
    },
    ...(bridge ? bridgeTroubles(bridge) : []),
  ];
}

/** Faults of the REST bridge. */
function bridgeTroubles(bridge: PlaceBridge): Trouble[] {
  return [
    {
      name: 'times answers of REST were lost',
      async make(random) {
        const dice = random.fork();
        bridge.loseAnswers(0.3, () => dice.next());
        await sleep(random.between(500, 3_000));
        bridge.loseAnswers(0);
      },
    },
    {
      name: 'times subscriptions were ended',
      // oxlint-disable-next-line require-await
      async make() {
        bridge.endSubscriptions();
      },
    },
    {
      name: 'times subscriptions said nothing',
      async make(random) {
        bridge.silence(true);
        await sleep(random.between(500, 4_000));
        bridge.silence(false);
      },
    },
    {
      name: 'times REST was answered 502',
      async make(random) {
        bridge.goAway(true);
        await sleep(random.between(100, 4_000));
        bridge.goAway(false);
      },
    },
    {
      name: 'times the REST server died',
      async make(random) {
        await bridge.kill();
        await sleep(random.between(0, 3_000));
        await bridge.restart();
      },
    },
  ];
}

/** Faults between visitors and relays. */
export function lineTroubles(line: TcpProxy): [Trouble, ...Trouble[]] {
  return [
    {
      name: "visitors' lines cut",
      // oxlint-disable-next-line require-await
      async make() {
        line.cut();
      },
    },
    {
      name: "visitors' lines black-holed",
      async make(random) {
        line.blackHole(random.pick(['up', 'down', 'both']));
        await sleep(random.between(50, 600));
        line.restore();
      },
    },
    {
      name: 'times answers to prompts were dropped',
      async make(random) {
        line.dropAnswers(true);
        await sleep(random.between(50, 600));
        line.restore();
      },
    },
    {
      name: 'times lines ended in the middle of frames',
      async make(random) {
        const dice = random.fork();
        line.limitAnswers(() => dice.between(100, 3_000));
        await sleep(random.between(100, 1_000));
        line.restore();
      },
    },
  ];
}
