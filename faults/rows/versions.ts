import { createKeys } from '#relay/store/redis/keys.ts';
import { openModelServer, type ModelServer } from '#testkit/model/model-server.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep } from '#testkit/wait.ts';
import { BROKEN_RELAY } from '../harness/fault-stage.ts';
import { gatherCrowd } from '../harness/crowd.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import { openNeighbour } from '../harness/neighbour.ts';
import { stopRelay } from '../harness/stop-relay.ts';
import type { SharedPlace } from '../harness/store-under-test.ts';
import { openRedisPlace, RELAYS } from '../stores/redis.ts';

const SESSIONS = 10;

/** A rolling upgrade: one relay after the other stops when one of the other version has started. */
export const versions: FaultRow = {
  name: 'versions',
  promise: 'relays of two versions work side by side; keys of a format that a relay does not know are refused',
  fault:
    'a rolling upgrade of three relays under load, and back again, over a store that both versions write; a round is both ways',
  only: ['redis'],
  rounds: { full: 10, quick: 1 },
  async run(context) {
    const neighbour = openNeighbour();
    const place = await openRedisPlace();
    const model = await openModelServer(1);
    console.log(`  Beside ${neighbour.version}.`);
    const [older, newer] = [
      await createRelays(place, model, neighbour.script),
      await createRelays(place, model, undefined, context.mutationName),
    ];
    try {
      await Promise.all(older.map((relay) => relay.start()));
      await upgradeAndBack(context, model, older, newer);
      await refuseNewerKeys(context, place, [older[0], newer[0]]);
    } finally {
      await Promise.all([...older, ...newer].map((relay) => relay.dispose()));
      await model.close();
      await place.dispose();
      neighbour.dispose();
    }
  },
};

function createRelays(
  place: SharedPlace,
  model: ModelServer,
  version?: string,
  mutation?: string,
): Promise<RelayProcess[]> {
  const script = mutation === undefined ? version : BROKEN_RELAY;
  const broken = mutation === undefined ? {} : { FAULTS_MUTATION: mutation };
  const settings = {
    MODEL: 'openai-compatible:test',
    MODEL_BASE_URL: model.baseUrl,
    MODEL_API_KEY: 'test-key',
    DRAIN_MS: '1500',
  };
  return Promise.all(
    Array.from({ length: RELAYS }, (_, index) =>
      createRelayProcess(
        { ...settings, ...broken, ...place.settings, ...place.settingsOf?.(index) },
        script === undefined ? {} : { script },
      ),
    ),
  );
}

async function upgradeAndBack(
  context: RowContext,
  model: ModelServer,
  older: RelayProcess[],
  newer: RelayProcess[],
): Promise<void> {
  const { random, count, violate } = context;
  const dice = random.fork();
  const balancer = await openTcpProxy(() => {
    const running = [...older, ...newer].filter((relay) => relay.running);
    return running[dice.between(0, running.length - 1)]?.port ?? 1;
  });
  try {
    const client = createProtocolClient(balancer.origin);
    const crowd = gatherCrowd(
      { model },
      {
        sessions: SESSIONS,
        client,
        at: () => balancer.origin,
        reply: { tokens: { min: 5, max: 250 }, tokensPerSecond: 100 },
        stops: 0.1,
        random: random.fork(),
      },
    );
    await crowd.begun();
    for (let round = 0; round < context.rounds; round += 1) {
      for (const [from, to] of [[older, newer] as const, [newer, older] as const]) {
        for (const [index, relay] of from.entries()) {
          // The new relay is ready before the old one stops, as with an orchestrator.
          await to[index]?.start();
          await sleep(random.between(300, 1_500));
          const wrong = await stopRelay(relay);
          if (wrong !== null) violate(`of ${from === older ? 'the older' : 'this'} version ${wrong}`);
          count(from === older ? 'relays upgraded' : 'relays taken back');
        }
      }
    }
    await crowd.end();
    const { failed } = await crowd.judge(context);
    if (failed > 0) violate(`${failed} runs were interrupted too often`);
  } finally {
    await balancer.close();
  }
}

/** Starts both versions on keys that a later release has written. */
async function refuseNewerKeys(
  context: RowContext,
  { server }: SharedPlace,
  relays: readonly (RelayProcess | undefined)[],
): Promise<void> {
  await server.admin.set(createKeys('rc').version, '99');
  for (const relay of relays) {
    if (!relay) continue;
    if (relay.running) await relay.kill();
    const started = await relay.start().then(
      () => true,
      () => false,
    );
    if (started) context.violate('a relay has started on keys of a format that it cannot know');
    else if (!/was written by another release of this relay \(version 99 /.test(relay.output()))
      context.violate('a refused relay does not say why');
    else context.count('starts refused on keys of a later format');
  }
}
