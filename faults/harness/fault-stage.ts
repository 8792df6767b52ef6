import { openModelServer, type ModelServer } from '#testkit/model/model-server.ts';
import { createProtocolClient, type ProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';
import { openTcpProxy, type TcpProxy } from '#testkit/network/tcp-proxy.ts';
import type { StorePlace, StoreUnderTest } from './store-under-test.ts';

/** How the relays of a row are started. */
export interface FaultStageOptions {
  /** Environment variables of the relays. */
  settings?: Record<string, string>;
  /** The number of relays, if the store allows so many; 1 when not given. */
  relays?: number;
  /** Where they keep their sessions; a new place when not given. Closing the stage disposes of it. */
  place?: StorePlace;
  /** Drops every hint of the live channel inside the relays. */
  hints?: 'lost';
  /** Sets the clock of each relay's store back and forth all the time, by so many ms at most. */
  clockMs?: number;
  /** Ms after which a viewer that reads nothing is dropped for that alone. */
  blockedMs?: number;
  /** Relays that answer SIGUSR2 with the memory they hold: see faults/servers/relay.ts. */
  probe?: boolean;
}

/** Relay processes over one place of the store, a model that remembers, and a proxy that can fail. */
export interface FaultStage {
  readonly model: ModelServer;
  readonly relays: readonly [RelayProcess, ...RelayProcess[]];
  /** The first relay. */
  readonly relay: RelayProcess;
  /** A proxy to the first relay. */
  readonly proxy: TcpProxy;
  /** Sends its requests through the proxy. */
  readonly client: ProtocolClient;
  /** Sends its requests to the first relay. */
  readonly direct: ProtocolClient;
  /** A client of one of the relays. */
  clientOf(relay: RelayProcess): ProtocolClient;
  readonly place: StorePlace;
  close(): Promise<void>;
}

/** For rows that are not about leases: the default lease, which does not run out when the machine is slow. */
export const CALM = { LEASE_MS: '10000' };

/** The script of a relay that can be broken on purpose. */
export const BROKEN_RELAY = 'faults/servers/relay.ts';

/** Starts the relays of a row and waits until all are ready. */
export async function openFaultStage(
  store: StoreUnderTest,
  {
    seed,
    mutation,
    settings = {},
    relays: wanted = 1,
    place: given,
    hints,
    clockMs,
    blockedMs,
    probe = false,
  }: FaultStageOptions & { seed: number; mutation: string | undefined },
): Promise<FaultStage> {
  const place = given ?? (await store.openPlace());
  const model = await openModelServer(seed);
  const broken =
    mutation !== undefined || hints !== undefined || clockMs !== undefined || blockedMs !== undefined || probe;
  const create = (index: number): Promise<RelayProcess> =>
    createRelayProcess(
      {
        MODEL: 'openai-compatible:test',
        MODEL_BASE_URL: model.baseUrl,
        MODEL_API_KEY: 'test-key',
        ...place.settings,
        ...place.settingsOf?.(index),
        ...(mutation === undefined ? {} : { FAULTS_MUTATION: mutation }),
        ...(hints === undefined ? {} : { FAULTS_HINTS: hints }),
        ...(clockMs === undefined ? {} : { FAULTS_CLOCK_MS: String(clockMs) }),
        ...(blockedMs === undefined ? {} : { FAULTS_BLOCKED_MS: String(blockedMs) }),
        ...settings,
      },
      { runBy: place.runBy, ...(broken ? { script: BROKEN_RELAY } : {}) },
    );
  const relay = await create(0);
  const others = Array.from({ length: Math.min(wanted, store.relays) - 1 }, (_, index) => create(index + 1));
  const relays: FaultStage['relays'] = [relay, ...(await Promise.all(others))];
  try {
    await Promise.all(relays.map((one) => one.start()));
  } catch (error) {
    await Promise.all(relays.map((one) => one.dispose()));
    await model.close();
    await place.dispose();
    throw error;
  }
  const proxy = await openTcpProxy(relay.port);
  return {
    model,
    relays,
    relay,
    proxy,
    place,
    client: createProtocolClient(proxy.origin),
    direct: createProtocolClient(relay.origin),
    clientOf: ({ origin }) => createProtocolClient(origin),
    async close() {
      await Promise.all(relays.map((one) => one.dispose()));
      await proxy.close();
      await model.close();
      await place.dispose();
    },
  };
}
