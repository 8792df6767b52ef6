import { readTestSeed } from '#scripts/test-seed.ts';
import { openModelServer, type ModelServer } from './model/model-server.ts';
import { createProtocolClient, type ProtocolClient } from './client/protocol-client.ts';
import { createRandom, type Random } from './random.ts';
import { createRelayProcess, type RelayCommand, type RelayProcess } from './processes/relay-process.ts';
import { openTcpProxy, type TcpProxy } from './network/tcp-proxy.ts';

/** What most end-to-end tests start: a model that remembers, a relay that asks it, and a proxy that can fail. */
export interface Stage {
  readonly model: ModelServer;
  readonly relay: RelayProcess;
  readonly proxy: TcpProxy;
  /** Sends its requests through the proxy. */
  readonly client: ProtocolClient;
  /** Sends its requests to the relay itself. */
  readonly direct: ProtocolClient;
  readonly random: Random;
  close(): Promise<void>;
}

/**
 * Starts a stage; what it draws depends on TEST_SEED.
 *
 * @param settings environment variables of the relay
 * @param command what to run in place of the relay's own entry
 */
export async function openStage(settings: Record<string, string> = {}, command: RelayCommand = {}): Promise<Stage> {
  const seed = readTestSeed();
  const random = createRandom(seed);
  const model = await openModelServer(random.seed);
  const modelSettings = {
    MODEL: 'openai-compatible:test',
    MODEL_BASE_URL: model.baseUrl,
    MODEL_API_KEY: 'test-key',
  };
  const relay = await createRelayProcess({ ...modelSettings, ...settings }, command);
  await relay.start();
  const proxy = await openTcpProxy(relay.port);
  return {
    model,
    relay,
    proxy,
    random,
    client: createProtocolClient(proxy.origin),
    direct: createProtocolClient(relay.origin),
    async close() {
      await relay.dispose();
      await proxy.close();
      await model.close();
    },
  };
}
