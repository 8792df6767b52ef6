/**
 * A relay as relay/main.ts starts one, with something broken on purpose: for the faults that only the inside of the
 * process can have, and for the negative controls. The rules are broken here and never in what is shipped.
 *
 * FAULTS_MUTATION names a mutation of faults/harness/mutations.ts; FAULTS_HINTS=lost loses all that `follow` tells.
 * On SIGUSR2 it prints `held <bytes>`: what it holds once its garbage is collected.
 */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRelay } from '#relay/app.ts';
import { readConfig } from '#relay/config.ts';
import { createModel } from '#relay/generation/models/create-model.ts';
import { createLogger } from '#relay/node/create-logger.ts';
import { createServer } from '#relay/node/create-server.ts';
import { keepSecret } from '#relay/node/keep-secret.ts';
import { openStore } from '#relay/store/open-store.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { mutateScripts } from '../harness/lua-mutations.ts';
import { findMutation, mutateStore } from '../harness/mutations.ts';

const mutation = findMutation(process.env['FAULTS_MUTATION']);
if (mutation.lua) mutateScripts(mutation.lua);
const config = readConfig();
const logger = createLogger(config.logLevel);
const opened = await openStore(config.store, {
  ttlMs: config.sessionTtlMs,
  logger,
  onUnfit(error) {
    throw error;
  },
});
const mutated = mutateStore(opened, mutation);
const store: SessionStore =
  process.env['FAULTS_HINTS'] === 'lost'
    ? { ...mutated, follow: (id, listener) => mutated.follow(id, (event) => event.kind === 'gone' && listener(event)) }
    : mutated;

const { maxPromptBytes, maxBodyBytes, streams } = config.limits;
const relay = createRelay({
  store,
  model: createModel({
    model: config.model.name,
    tokensPerSecond: config.model.tokensPerSecond,
    baseUrl: config.model.baseUrl ?? '',
    apiKey: config.model.apiKey ?? '',
  }),
  secret: config.secret ?? keepSecret(config.store),
  logger,
  sessionTtlMs: config.sessionTtlMs,
  owner: `faults:${process.pid}`,
  leaseMs: config.leaseMs,
  takeover: config.takeover,
  drainMs: config.drainMs,
  limits: { maxPromptBytes, maxBodyBytes, streams },
  timing: mutation.timing ?? {},
});
const server = createServer({
  relay,
  maxStreams: streams.total,
  onError: (error) => logger.error({ err: error }, 'A request failed before it reached the relay'),
});
server.listen(config.port, config.host);
await once(server, 'listening');
relay.start();
process.once('SIGTERM', () => void stop());
process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  console.log(`held ${heapUsed + external}`);
});

async function stop(): Promise<void> {
  if (!mutation.stopsAtOnce) {
    await relay.drain();
    server.closeIdleConnections();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await store.close();
  process.exit(0);
}
