import { openModelServer, type ModelServer } from '#testkit/model/model-server.ts';
import { createProtocolClient, type ProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';
import { openTcpProxy, type TcpProxy } from '#testkit/network/tcp-proxy.ts';
import type { StorePlace, StoreUnderTest } from './store-under-test.ts';

export interface FaultStageOptions {
  /** Settings for the relays' environment. */
  settings?: Record<string, string>;
  /** At most so many, and no more than the store allows; 1 when not given. */
  relays?: number;
  /** Where they keep their sessions; a new place when not given. Disposed of with the stage. */
  place?: StorePlace;
  /** Loses every hint of the live channel inside the relays. */
  hints?: 'lost';
  /** Sets the clock that each relay's store goes by back and forth all the time, by so many ms at most. */
  clockMs?: number;
  /** How long a viewer may take nothing before it is let go for that alone. */
  blockedMs?: number;
  /** Relays that answer SIGUSR2 with what they hold: see faults/servers/relay.ts. */
  probe?: boolean;
}

/** Relays in processes of their own over one place of the store, a model that remembers, a line that can fail. */
export interface FaultStage {
  readonly model: ModelServer;
  readonly relays: readonly [RelayProcess, ...RelayProcess[]];
  /** The first of them. */
  readonly relay: RelayProcess;
  /** To the first relay. */
  readonly proxy: TcpProxy;
  /** Asks through the proxy. */
  readonly client: ProtocolClient;
  /** Asks the first relay itself. */
  readonly direct: ProtocolClient;
  /** Asks one of the relays itself. */
  clientOf(relay: RelayProcess): ProtocolClient;
  readonly place: StorePlace;
  close(): Promise<void>;
}

/** For rows that are not about leases: the default, which does not run out under a relay that is held up by its machine. */
export const CALM = { LEASE_MS: '10000' };

/** A relay that may be broken on purpose. */
export const BROKEN_RELAY = 'faults/servers/relay.ts';

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
